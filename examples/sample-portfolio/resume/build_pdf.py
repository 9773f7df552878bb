#!/usr/bin/env python
"""Render resume.md to a one-page resume.pdf (pip install fpdf2==2.8.9)."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path

from fpdf import FPDF

HERE = Path(__file__).resolve().parent
# Helvetica, a core font of PDF, has Latin-1 only; the resume uses nothing else.


def build(source: Path, target: Path) -> int:
    """Returns the number of pages."""
    pdf = FPDF(format="A4")
    pdf.set_creation_date(datetime(2026, 11, 23, tzinfo=timezone.utc))   # same text, same bytes
    pdf.set_margins(20, 16, 20)
    pdf.set_auto_page_break(True, 14)
    pdf.add_page()
    for line in source.read_text().splitlines():
        if not line.strip():
            continue
        if line.startswith("# "):
            pdf.set_font("Helvetica", "B", 18)
            pdf.multi_cell(0, 9, line[2:], new_x="LMARGIN", new_y="NEXT")
        elif line.startswith("## "):
            pdf.ln(2.5)
            pdf.set_font("Helvetica", "B", 12)
            pdf.multi_cell(0, 6.5, line[3:], new_x="LMARGIN", new_y="NEXT", border="B")
            pdf.ln(1.2)
        elif line.startswith("### "):
            pdf.ln(1.2)
            pdf.set_font("Helvetica", "B", 10.5)
            pdf.multi_cell(0, 5.6, line[4:], new_x="LMARGIN", new_y="NEXT")
        else:
            pdf.set_font("Helvetica", "", 9.8)
            bullet = re.match(r"- (.*)", line)
            if bullet:
                pdf.set_x(pdf.l_margin + 1)
                pdf.cell(4, 5, "\u00b7")
                pdf.set_left_margin(25)
                pdf.multi_cell(0, 5, bullet.group(1), markdown=True, align="L", new_x="LMARGIN", new_y="NEXT")
                pdf.set_left_margin(20)
                pdf.set_x(20)
            else:
                pdf.multi_cell(0, 5, line, markdown=True, align="L", new_x="LMARGIN", new_y="NEXT")
    pdf.output(str(target))
    return pdf.page_no()


if __name__ == "__main__":
    print(build(HERE / "resume.md", HERE / "resume.pdf"), "page")
