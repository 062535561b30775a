use cutover::ui::{Theme, paint, svg};
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::harness::fixtures::Scene;
use crate::harness::keyboard::Desk;

#[test]
#[ignore = "writes pictures to look at"]
fn pictures() {
    let theme = Theme::named("dark", TimeZone::UTC, true).unwrap();
    for (name, scene) in [
        ("shifting", Scene::shifting as fn() -> Scene),
        ("awaiting", Scene::awaiting),
        ("rolling", Scene::rolling_back),
        ("succeeded", Scene::succeeded),
    ] {
        for (w, h) in [(80, 24), (120, 40), (200, 50)] {
            let mut desk = Desk::watching(scene().shot());
            if name == "awaiting" && h == 40 {
                desk.presses("R");
            }
            let mut buffer = Buffer::empty(Rect::new(0, 0, w, h));
            desk.state.width = w;
            desk.state.height = h;
            paint(&desk.state, &theme, &mut buffer);
            std::fs::write(format!("/tmp/pic-{name}-{w}.svg"), svg(&buffer)).unwrap();
        }
    }
}
