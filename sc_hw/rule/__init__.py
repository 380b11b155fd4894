"""The verb ``rule``: a rule's file begun, and looked through."""
