//! The questions, the help and the views over a rollout, with their styles.

use ratatui::buffer::Buffer;
use ratatui::style::Modifier;

use super::{screen, text};
use crate::harness::fixtures::Scene;
use crate::harness::keyboard::Desk;

/// One letter for the look of each cell: weight and colour, so that a lost style shows.
fn styles(buffer: &Buffer) -> String {
    let mut known: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    for row in buffer.area.rows() {
        let mut line = String::new();
        for place in row.columns() {
            let cell = &buffer[(place.x, place.y)];
            let look = format!("{:?} {:?} {:?}", cell.fg, cell.bg, cell.modifier);
            if cell.symbol() == " " && !cell.modifier.contains(Modifier::REVERSED) {
                line.push(' ');
                continue;
            }
            let index = known.iter().position(|other| *other == look).unwrap_or_else(|| {
                known.push(look.clone());
                known.len() - 1
            });
            line.push(char::from(b'a' + u8::try_from(index).unwrap()));
        }
        rows.push(line.trim_end().to_owned());
    }
    let legend = known.iter().enumerate().map(|(index, look)| {
        format!("{} = {look}", char::from(b'a' + u8::try_from(index).unwrap()))
    });
    format!("{}\n\n{}", rows.join("\n"), legend.collect::<Vec<_>>().join("\n"))
}

#[test]
fn a_roll_back_to_a_healthy_blue_asks_lightly() {
    let mut desk = Desk::watching(Scene::shifting().shot());
    desk.presses("R");
    let shown = screen(&mut desk.state, (120, 40), "dark");
    insta::assert_snapshot!("roll-back-120x40", text(&shown));
    insta::assert_snapshot!("roll-back-120x40-styles", styles(&shown));
    insta::assert_snapshot!("roll-back-80x24", text(&screen(&mut desk.state, (80, 24), "dark")));
}

#[test]
fn what_is_riskier_wants_a_name() {
    let mut desk = Desk::watching(Scene::baking().shot());
    desk.presses("F").waits(400).types("check");
    insta::assert_snapshot!("finish-120x40", text(&screen(&mut desk.state, (120, 40), "dark")));
    let mut desk = Desk::watching(Scene::shifting().shot());
    desk.presses("S");
    insta::assert_snapshot!("stop-80x24", text(&screen(&mut desk.state, (80, 24), "dark")));
}

#[test]
fn what_an_order_is_about_is_chosen_from_a_list() {
    let mut desk = Desk::watching(Scene::shifting().kept(false).shot());
    desk.presses("U").presses("j");
    insta::assert_snapshot!("undo-list-120x40", text(&screen(&mut desk.state, (120, 40), "dark")));
    insta::assert_snapshot!("undo-list-80x24", text(&screen(&mut desk.state, (80, 24), "dark")));
    desk.presses("enter");
    insta::assert_snapshot!("undo-120x40", text(&screen(&mut desk.state, (120, 40), "dark")));
    desk.presses("esc").presses("P");
    insta::assert_snapshot!("pause-80x24", text(&screen(&mut desk.state, (80, 24), "dark")));
}

#[test]
fn without_colour_nothing_is_lost_but_colour() {
    let mut desk = Desk::watching(Scene::shifting().shot());
    let mono = screen(&mut desk.state, (120, 40), "mono");
    assert_eq!(text(&mono), text(&screen(&mut desk.state, (120, 40), "dark")));
    insta::assert_snapshot!("shifting-mono-styles", styles(&mono));
}

#[test]
fn the_help_and_the_views_fill_the_room_below_the_fixed_lines() {
    for (name, key) in [("help", "?"), ("why", "v"), ("events", "e"), ("expanded", "z")] {
        let mut desk = Desk::watching(Scene::shifting().shot());
        desk.presses(key);
        let shown = text(&screen(&mut desk.state, (120, 40), "dark"));
        insta::assert_snapshot!(format!("view-{name}"), shown);
    }
}
