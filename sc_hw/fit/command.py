"""``sc-hw fit``: a network and data to a run, its folder, and what it says in the end."""

from collections.abc import Callable, Sequence
from pathlib import Path

from sc_hw_models.networks import CompiledNetwork, network_model

from ..errors import UserError, shown
from ..folder import check_output
from ..network_file import network_line, network_of
from ..progress import note
from ..records import write_record
from .curves import require_matplotlib
from .data import check_samples, load_samples
from .rtl import check_rtl, learn_in_chip, rtl_lines
from .run import FitConfig, fit, listed_files

__all__ = ["fit_command"]


def fit_command(
    network: Path,
    config: FitConfig,
    output: Path,
    *,
    settings: Sequence[str],
    resume: bool,
    force: bool,
    json_path: Path | None,
    progress: Callable[[int, int], None],
    echo: Callable[[str], None],
    rtl: int = 0,
) -> int:
    """Let the network of a file learn into ``output``; print settings and what came of it.

    With ``rtl`` the chip learns that many of the samples, too. Return 0, or 1 when it differs.
    """
    if resume and force:
        raise UserError("--resume and --force: one goes on, the other starts anew; leave out one of the two")
    spec = network_of(network, option="", settings=settings)
    require_matplotlib()
    samples = load_samples(config.data, config.held_out, config.seed)
    model = network_model(spec)
    check_samples(spec, samples, config.data, network)
    if rtl:
        check_rtl(spec, config, samples, rtl)
    output = output.absolute() if resume else check_output(output, listed_files, force=force, verb="fitted")
    form = "compiled" if isinstance(model, CompiledNetwork) else "not compiled"
    echo(f"{network}: {network_line(spec)}; {form}")
    apart = "its test part" if config.held_out is None else f"{config.held_out} % of what it could learn"
    echo(
        f"  {config.data}: {len(samples.learned)} samples to learn, {config.passes} pass{'es' * (config.passes > 1)}, "
        f"{len(samples.held_out)} held out ({apart}), seed {config.seed}{f', {config.tasks} tasks' if config.tasks > 1 else ''}"
    )
    record = fit(model, config, samples, output, resume=resume, progress=progress)
    chip = learn_in_chip(spec, config, samples, output, count=rtl, note=note, progress=progress) if rtl else {}
    if json_path:
        write_record(json_path, record | ({"verdict": chip["verdict"], "rtl": chip} if chip else {}))
    first, last = record["curves"][0], record["curves"][-1]
    echo(
        f"  held out, learning off: {100 * first['held_out']:.2f} % after one pass, {100 * last['held_out']:.2f} % after "
        f"{config.passes}; state {record['state_sha256'][:16]}"
    )
    if config.tasks > 1:
        learned = [record["curves"][(task + 1) * config.passes - 1]["held_out"] for task in range(config.tasks)]
        pairs = zip(learned, last["tasks"], strict=True)
        told = (f"{k} {100 * before:.2f} %, in the end {100 * end:.2f} %" for k, (before, end) in enumerate(pairs, 1))
        echo(f"  tasks, when just learned: {'; '.join(told)}")
    echo(f"  {shown(output)}/curves.svg, fit.json, state.npz")
    for line in rtl_lines(chip) if chip else ():
        echo(line)
    return 1 if chip and chip["verdict"] != "pass" else 0
