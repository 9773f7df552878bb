"""A notebook is read as it was saved: cells in order, what they printed, what they drew."""

from __future__ import annotations

import base64
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from proofolio.core.records import Document, FileEntry, SourceInfo
from proofolio.readers import read, segment

PNG = b"\x89PNG\r\n\x1a\n some picture"


def code(source: str | list[str], *outputs: dict[str, Any], count: int | None = 1) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "outputs": list(outputs), "execution_count": count}


def markdown(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": source}


def stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def shown(**data: Any) -> dict[str, Any]:
    return {
        "output_type": "display_data",
        "data": {key.replace("_", "/"): value for key, value in data.items()},
    }


def plot() -> dict[str, Any]:
    return shown(image_png=base64.b64encode(PNG).decode(), text_plain="<Figure size 640x480 with 1 Axes>")


def notebook(*cells: Any, **more: Any) -> Document:
    raw = json.dumps({"cells": cells, "nbformat": 4, **more}).encode()
    found = read(
        FileEntry("a.ipynb", len(raw), "", lambda: raw), SourceInfo("s", "folder", "."), lambda t, _: t
    )
    assert found is not None
    return found


def test_cells_stand_where_they_say() -> None:
    found = notebook(
        markdown("# Churn\n\nWhy."),
        code(["import os\n", "print(1)"], stream("1\n2\n")),
        code(""),
        code("x = 1"),
    )
    lines = found.text.split("\n")
    assert lines == ["# Churn", "", "Why.", "", "import os", "print(1)", "# Output:", "1", "2", "", "x = 1"]
    assert [(c.index, c.kind, c.start, c.end, c.output) for c in found.cells] == [
        (0, "markdown", 1, 3, None), (1, "code", 5, 9, 7), (2, "code", 10, 9, None), (3, "code", 11, 11, None)
    ]  # fmt: skip
    assert found.cell_at(8) == found.cells[1]
    assert found.cell_at(10) is None


def test_a_passage_a_cell_with_the_heading_above_it() -> None:
    found = notebook(markdown("# Churn"), code("a = 1"), markdown("## Model"), code("b = 2", stream("0.81")))
    assert [(p.cell, p.context, p.start, p.end) for p in segment(found)] == [
        (0, "Churn", 1, 1), (1, "Churn", 3, 3), (2, "Model", 5, 5), (3, "Model", 7, 9)
    ]  # fmt: skip


def test_long_output_is_cut_and_stands_alone() -> None:
    found = notebook(code("a = 1\nb = 2", stream("\n".join(f"row {i}" for i in range(1_000)))))
    lines = found.text.split("\n")
    assert lines[-1] == "[… 800 more lines]" and len(lines) == 2 + 1 + 200 + 1
    passages = segment(found)
    assert (passages[0].start, passages[0].end) == (1, 2)
    assert all(p.end - p.start < 40 for p in passages)


def test_outputs_become_text() -> None:
    table = "<table><tr><th></th><th>auc</th></tr><tr><td>xgb</td><td><b>0.81</b> &amp; up</td></tr></table>"
    error = {
        "output_type": "error",
        "ename": "ValueError",
        "evalue": "bad \x1b[31mred\x1b[0m",
        "traceback": ["long"],
    }
    found = notebook(
        code("a", shown(text_html=table, text_plain="<pandas.io.formats.style.Styler at 0x7f>")),
        code("b", shown(text_html=table, text_plain="   auc\nxgb 0.81")),
        code("c", error),
        code("d", stream(" 10%|#\r 50%|##\r100%|###\ndone\r\n")),
        code("e", shown(text_html="<style>p {x: 1}</style><p>Fit &lt; 1</p>")),
        code("f", shown(text_plain="<Figure size 640x480 with 1 Axes>")),
    )
    assert found.text.split("\n") == [
        "a", "# Output:", " | auc", "xgb | 0.81 & up", "",
        "b", "# Output:", "   auc", "xgb 0.81", "",
        "c", "# Output:", "ValueError: bad red", "",
        "d", "# Output:", "100%|###", "done", "",
        "e", "# Output:", "Fit < 1", "",
        "f",
    ]  # fmt: skip


def test_a_cell_that_was_not_run_says_so() -> None:
    found = notebook(
        code("a", count=None), code("b", count=3), code("c", stream("x"), count=None), markdown("m")
    )
    assert [cell.executed for cell in found.cells] == [False, True, True, True]


def test_the_language_is_that_of_the_kernel() -> None:
    assert notebook(code("a")).language == "python"
    assert notebook(code("a"), metadata={"kernelspec": {"name": "ir", "language": "R"}}).language == "r"
    assert notebook(code("a"), metadata={"language_info": {"name": "scala"}}).language == "scala"


def test_the_old_format_is_read_too() -> None:
    raw = json.dumps({
        "nbformat": 3,
        "worksheets": [{"cells": [
            {"cell_type": "heading", "level": 2, "source": ["Results"]},
            {"cell_type": "code", "input": ["plot(x)"], "prompt_number": 4, "outputs": [
                {"output_type": "pyout", "text": ["0.81"]},
                {"output_type": "display_data", "png": base64.b64encode(PNG).decode()},
                {"output_type": "pyerr", "ename": "KeyError", "evalue": "'a'"},
            ]},
        ]}],
    }).encode()  # fmt: skip
    found = read(FileEntry("a.ipynb", 1, "", lambda: raw), SourceInfo("s", "folder", "."), lambda t, _: t)
    assert found is not None
    assert found.text.split("\n") == [
        "## Results", "", "plot(x)", "# Output:", "0.81", "[figure: Results: plot(x)]", "KeyError: 'a'"
    ]  # fmt: skip
    assert found.figures[0].data == PNG


def captions(source: str, *outputs: dict[str, Any], heading: str = "## Calibration") -> list[str]:
    found = notebook(markdown(heading), code(source, *(outputs or (plot(),))))
    for figure in found.figures:
        assert found.text.split("\n")[figure.line - 1] == f"[figure: {figure.caption}]"
        assert (figure.cell, figure.mime, figure.data) == (1, "image/png", PNG)
    return [figure.caption for figure in found.figures]


def test_a_plot_is_captioned_by_its_title() -> None:
    assert captions("plt.plot(x)\nplt.title('Reliability of the model')") == ["Reliability of the model"]
    assert captions('ax.set_title(f"Fold {i}", fontsize=9)') == ["Fold {i}"]
    assert captions("px.bar(df, title='Spend by month')") == ["Spend by month"]
    assert captions('ggplot(d) + ggtitle("Survival")') == ["Survival"]
    assert captions("axes[0].set_title('ROC')\naxes[1].set_title('PR')") == ["ROC; PR"]


def test_plots_of_one_cell_take_their_titles_in_order() -> None:
    assert captions("plt.title('One')\nplt.show()\nplt.title('Two')", plot(), plot()) == ["One", "Two"]


def test_a_plot_without_a_title_is_captioned_by_heading_and_call() -> None:
    said = captions("fig, ax = plt.subplots()\nshap.summary_plot(values, X[:10])\nplt.show()")
    assert said == ["Calibration: shap.summary_plot(values, X[:10])"]
    assert captions("model.explain()") == ["Calibration"]
    assert captions("model.explain()", heading="no heading") == ["Plot in cell 1"]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["code", "markdown", "raw"]),
            st.text(alphabet="ab #\n\r\t\x0b\u2028é", max_size=40),
            st.lists(st.text(alphabet="xy\n\r\x1b[ ", max_size=60), max_size=2),
        ),
        max_size=6,
    )
)
def test_cells_never_overlap_and_hold_every_line(cells: list[tuple[str, str, list[str]]]) -> None:
    found = notebook(
        *({"cell_type": k, "source": s, "outputs": [stream(o) for o in outs]} for k, s, outs in cells)
    )
    lines = found.text.split("\n")
    held = [0] * (len(lines) + 2)
    for cell in found.cells:
        assert cell.start >= 1 and cell.end <= len(lines)
        for line in range(cell.start, cell.end + 1):
            held[line] += 1
        if cell.output:
            assert cell.start <= cell.output <= cell.end and lines[cell.output - 1] == "# Output:"
    assert max(held) <= 1
    assert all(held[i] == 1 for i, line in enumerate(lines, 1) if line.strip())
