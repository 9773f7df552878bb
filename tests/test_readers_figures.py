"""Pictures get their captions from whoever refers to them: prose, the code that draws them, their names."""

from __future__ import annotations

import json

from proofolio.core.records import Document, Figure, FileEntry, SourceInfo
from proofolio.readers import caption_figures, read


def document(path: str, text: str) -> Document:
    raw = text.encode()
    found = read(
        FileEntry(path, len(raw), "", lambda: raw), SourceInfo("s", "folder", "."), lambda body, _: body
    )
    assert found is not None
    return found


def image(path: str) -> Figure:
    raw = b"<svg/>" if path.endswith(".svg") else b"\x89PNG"
    found = read(FileEntry(path, 4, "", lambda: raw), SourceInfo("s", "folder", "."), lambda body, _: body)
    assert found is not None and found.text == "" and len(found.figures) == 1
    return found.figures[0]


def captioned(path: str, *documents: Document) -> Figure:
    (figure,) = caption_figures([image(path)], documents)
    return figure


def test_without_a_reference_the_name_speaks() -> None:
    figure = captioned("reports/rocCurve_final-v2.png")
    assert figure.caption == "roc Curve final v2"
    assert "reports" in figure.words
    assert figure.mime == "image/png"


def test_alt_text_in_markdown() -> None:
    text = "# Model\n## Calibration\nBefore. The bins sit on the line.\n\n![Reliability by decile](img/cal.png)\n\nAfter it. More.\n"
    figure = captioned("docs/img/cal.png", document("docs/model.md", text))
    assert figure.caption == "Reliability by decile"
    for words in ("Calibration", "The bins sit on the line.", "After it."):
        assert words in figure.words
    assert "Before." not in figure.words and "More." not in figure.words


def test_an_alt_text_that_says_nothing_gives_way_to_the_heading() -> None:
    for alt in ("", "image", "Screenshot 2", "plot.png", "fig 1"):
        text = f"# Results\n### Confusion matrix\n![{alt}](plot.png)\n"
        assert captioned("plot.png", document("README.md", text)).caption == "Confusion matrix"


def test_html_rst_and_notebook_references() -> None:
    html = document(
        "README.md", '# A\n<p><img width="400" src="./docs/flow.svg?raw=true" alt="How data flows"></p>\n'
    )
    assert captioned("docs/flow.svg", html).caption == "How data flows"
    rst = document(
        "docs/index.rst",
        "Flow\n====\n\n.. figure:: /docs/flow.svg\n   :width: 80%\n   :alt: How data flows\n",
    )
    assert captioned("docs/flow.svg", rst).caption == "How data flows"
    cells = '{"cells": [{"cell_type": "markdown", "source": "![How data flows](../docs/flow.svg)"}]}'
    assert captioned("docs/flow.svg", document("nb/a.ipynb", cells)).caption == "How data flows"
    web = document("README.md", "![How data flows](https://raw.example.org/ann/shop/main/docs/flow.svg)")
    assert captioned("docs/flow.svg", web).caption == "How data flows"


def test_a_file_of_the_same_name_elsewhere_is_another_file() -> None:
    text = "![Training loss](a/loss.png)\n![Validation loss](b/loss.png)\n"
    figures = caption_figures([image("a/loss.png"), image("b/loss.png")], [document("README.md", text)])
    assert [f.caption for f in figures] == ["Training loss", "Validation loss"]


def test_names_with_spaces_are_found() -> None:
    text = "![Spend by month](img/spend%20by%20month.png)\n"
    assert captioned("img/spend by month.png", document("README.md", text)).caption == "Spend by month"


def test_the_code_that_saves_it() -> None:
    text = "def f():\n    plt.plot(x)\n    plt.title('Spend by month')\n    plt.savefig(OUT / 'spend.png', dpi=120)\n"
    figure = captioned("out/spend.png", document("plots.py", text))
    assert figure.caption == "Spend by month"
    assert "plt.plot(x)" in figure.words


def test_two_plots_of_one_script_are_told_apart() -> None:
    text = "plt.title('One')\nplt.savefig('one.png')\nplt.title('Two')\nplt.savefig('two.png')\n"
    figures = caption_figures([image("one.png"), image("two.png")], [document("plots.py", text)])
    assert [f.caption for f in figures] == ["One", "Two"]


def test_prose_goes_before_code() -> None:
    code = document("plots.py", "plt.title('t')\nplt.savefig('one.png')\n")
    prose = document("README.md", "![What the model pays back](one.png)\n")
    assert captioned("one.png", code, prose).caption == "What the model pays back"


def test_a_name_made_in_a_loop_finds_its_files() -> None:
    text = "for c in cols:\n    sns.histplot(df[c])\n    plt.title(f'Distribution of {c}')\n    plt.savefig(f'hist_{c}.png')\n"
    figure = captioned("plots/hist_age.png", document("plots.py", text))
    assert figure.caption == "hist age"  # the title has a hole; the file's name is filled in
    assert "sns.histplot(df[c])" in figure.words


def test_captions_are_made_anew() -> None:
    first = captioned("one.png", document("README.md", "![Old words](one.png)\n"))
    (second,) = caption_figures([first], [document("README.md", "nothing\n")])
    assert second.caption == "one" and "Old" not in second.words


def test_another_source_does_not_speak_for_this_one() -> None:
    other = read(FileEntry("README.md", 1, "", lambda: b"![Not mine](one.png)"), SourceInfo("t", "folder", "."),
                 lambda body, _: body)  # fmt: skip
    assert other is not None
    assert captioned("one.png", other).caption == "one"


def test_mermaid_blocks_are_figures() -> None:
    text = (
        "# Design\n## Flow\n```mermaid\nflowchart LR\n  raw[Raw files] --> stage\n```\n"
        "## Other\n````md\n```mermaid\nno\n```\n````\n~~~mermaid\n---\ntitle: Load order\n---\nsequenceDiagram\n~~~\n"
    )
    found = document("docs/design.md", text)
    assert [(f.caption, f.line, f.mime, f.cell) for f in found.figures] == [
        ("Flow", 3, "text/vnd.mermaid", None), ("Load order", 13, "text/vnd.mermaid", None)
    ]  # fmt: skip
    assert found.figures[0].data == b"flowchart LR\n  raw[Raw files] --> stage"
    assert "Raw files" in found.figures[0].words
    assert caption_figures(found.figures, [found]) == []  # they keep the captions that they have


def test_plots_of_notebooks_keep_theirs() -> None:
    plot = Figure("s", "a.ipynb", 3, "ROC", "image/png", 4, "words", b"data")
    assert caption_figures([plot], []) == []


def test_plots_that_a_notebook_was_exported_with_are_captioned_by_their_cell() -> None:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "## Discrimination"},
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": 1, "source": "RocCurveDisplay.from_predictions(y, p)\nplt.title('ROC on validation')"},
    ]
    notebook = document("nb/model.ipynb", json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    assert captioned("nb/model_files/model_1_0.png", notebook).caption == "ROC on validation"
    # The notebook has moved on since: cell 0 draws nothing, so nothing is claimed of what it drew once.
    assert captioned("nb/model_files/model_0_0.png", notebook).caption == "model 0 0"
