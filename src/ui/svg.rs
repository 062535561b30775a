//! A buffer as a standalone SVG: the picture of the real screen.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

const CELL_WIDTH: f32 = 8.4;
const CELL_HEIGHT: f32 = 18.0;
const MARGIN: f32 = 12.0;
const BACKGROUND: &str = "#14171f";
const FOREGROUND: &str = "#d5dbe6";

/// The sixteen colours of a terminal, normal ones first.
const SIXTEEN: [&str; 16] = [
    "#1d2129", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#abb2bf",
    "#5c6370", "#ff7b86", "#b5e08f", "#ffd68a", "#82c4ff", "#df9bf5", "#79d4e0", "#ffffff",
];

fn hex(color: Option<Color>, default: &str) -> String {
    let index = match color {
        None | Some(Color::Reset) => return default.to_owned(),
        Some(Color::Rgb(red, green, blue)) => return format!("#{red:02x}{green:02x}{blue:02x}"),
        Some(Color::Indexed(index)) => usize::from(index),
        Some(Color::Black) => 0,
        Some(Color::Red) => 1,
        Some(Color::Green) => 2,
        Some(Color::Yellow) => 3,
        Some(Color::Blue) => 4,
        Some(Color::Magenta) => 5,
        Some(Color::Cyan) => 6,
        Some(Color::Gray) => 7,
        Some(Color::DarkGray) => 8,
        Some(Color::LightRed) => 9,
        Some(Color::LightGreen) => 10,
        Some(Color::LightYellow) => 11,
        Some(Color::LightBlue) => 12,
        Some(Color::LightMagenta) => 13,
        Some(Color::LightCyan) => 14,
        Some(Color::White) => 15,
    };
    SIXTEEN.get(index).copied().unwrap_or(default).to_owned()
}

/// The look of a run of cells.
#[derive(PartialEq, Clone, Copy)]
struct Look {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

fn look(cell: &Cell) -> Look {
    Look { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
}

/// The picture of a buffer.
pub fn svg(buffer: &Buffer) -> String {
    let (columns, rows) = (f32::from(buffer.area.width), f32::from(buffer.area.height));
    let (width, height) = (columns * CELL_WIDTH + 2.0 * MARGIN, rows * CELL_HEIGHT + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\"><rect width=\"100%\" height=\"100%\" rx=\"8\" \
         fill=\"{BACKGROUND}\"/><g font-family=\"'JetBrains Mono','DejaVu Sans Mono',Menlo,Consolas,\
         monospace\" font-size=\"14\" xml:space=\"preserve\">\n"
    );
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut x = buffer.area.left();
        while x < buffer.area.right() {
            let look_here = look(&buffer[(x, y)]);
            let start = x;
            let mut text = String::new();
            while x < buffer.area.right() && look(&buffer[(x, y)]) == look_here {
                text.push_str(buffer[(x, y)].symbol());
                x += 1;
            }
            run(
                &mut out,
                (start - buffer.area.left(), y - buffer.area.top()),
                x - start,
                &text,
                look_here,
            );
        }
    }
    out.push_str("</g></svg>\n");
    out
}

fn run(out: &mut String, (x, y): (u16, u16), cells: u16, text: &str, look: Look) {
    let (mut fg, mut bg) = (hex(Some(look.fg), FOREGROUND), hex(Some(look.bg), BACKGROUND));
    if look.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut fg, &mut bg);
    }
    let left = MARGIN + f32::from(x) * CELL_WIDTH;
    let top = MARGIN + f32::from(y) * CELL_HEIGHT;
    let wide = f32::from(cells) * CELL_WIDTH;
    if bg != BACKGROUND {
        let _ = writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{CELL_HEIGHT}\" fill=\"{bg}\"/>"
        );
    }
    if text.trim().is_empty() {
        return;
    }
    let bold = if look.modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
    let dim = if look.modifier.contains(Modifier::DIM) { " opacity=\"0.6\"" } else { "" };
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(
        out,
        "<text x=\"{left:.1}\" y=\"{:.1}\" fill=\"{fg}\" textLength=\"{wide:.1}\" \
         lengthAdjust=\"spacingAndGlyphs\"{bold}{dim}>{text}</text>",
        top + 13.5
    );
}
