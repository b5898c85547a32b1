//! Draws a running rollout: a log above, a block of a few lines below; plain lines where nothing can be drawn.

use std::{io, time::Duration};

use ratatui::{
    Terminal, TerminalOptions, Viewport,
    backend::CrosstermBackend,
    buffer::Buffer,
    layout::Rect,
    style::{Color, Style},
    text::{Line, Span, Text},
    widgets::{Paragraph, Widget, Wrap},
};
use stackfleet_plan::{Plan, plan::CellState};
use stackfleet_rollout::Event;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::{
    console::Console,
    screens::{progress::Progress, words},
};

/// Lines of the block: a rule, the headline, what is waited for, strips of up to this many regions.
const STRIPS_MAX: usize = 4;
const BLOCK_LINES: u16 = 7;

/// Pictures a second are limited, since a fast rollout changes hundreds of cells in one moment.
const REDRAW: Duration = Duration::from_millis(120);

/// Follows a rollout's events to the end and shows them as the terminal allows.
pub(crate) async fn follow(console: Console, plan: Plan, events: UnboundedReceiver<Event>) {
    if console.quiet {
        drain(events).await;
    } else if console.live {
        // A terminal that cannot be drawn on (no answer to the cursor query, say) still gets lines.
        match screen() {
            Ok(terminal) => draw(&console, terminal, Progress::new(plan, false), events).await,
            Err(_) => lines(&console, Progress::new(plan, true), events).await,
        }
    } else {
        lines(&console, Progress::new(plan, true), events).await;
    }
}

async fn drain(mut events: UnboundedReceiver<Event>) {
    while events.recv().await.is_some() {}
}

async fn lines(console: &Console, mut progress: Progress, mut events: UnboundedReceiver<Event>) {
    while let Some(event) = events.recv().await {
        for line in progress.apply(&event) {
            console.say(line);
        }
    }
}

type Screen = Terminal<CrosstermBackend<io::Stderr>>;

fn screen() -> io::Result<Screen> {
    let viewport = Viewport::Inline(BLOCK_LINES);
    Terminal::with_options(CrosstermBackend::new(io::stderr()), TerminalOptions { viewport })
}

async fn draw(console: &Console, mut terminal: Screen, mut progress: Progress, mut events: UnboundedReceiver<Event>) {
    let mut redraw = tokio::time::interval(REDRAW);
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => {
                    for line in progress.apply(&event) {
                        log(&mut terminal, &line, console.color);
                    }
                }
                None => break,
            },
            _ = redraw.tick() => {
                // A picture that cannot be drawn is not worth stopping a rollout for.
                drop(terminal.draw(|frame| block(&progress, console.color, frame.area(), frame.buffer_mut())));
            }
        }
    }
    drop(terminal.clear());
}

fn log(terminal: &mut Screen, line: &str, color: bool) {
    let style = match line.chars().next() {
        Some('✓' | '■') => Style::new().fg(Color::Green),
        Some('✗') => Style::new().fg(Color::Red),
        _ => Style::new(),
    };
    let style = if color { style } else { Style::new() };
    let width = terminal.size().map_or(80, |size| size.width).max(1);
    let text = Text::from(line.to_owned()).style(style);
    let paragraph = Paragraph::new(text).wrap(Wrap { trim: false });
    let height = wrapped_height(line, width);
    drop(terminal.insert_before(height, |buffer| paragraph.render(buffer.area, buffer)));
}

/// How many lines a text takes when it is wrapped; never too few.
fn wrapped_height(text: &str, width: u16) -> u16 {
    let width = usize::from(width);
    let lines: usize = text
        .lines()
        .map(|line| {
            let columns = unicode_width::UnicodeWidthStr::width(line);
            // Words move to the next line whole, so a wrapped line may be a little short: one more line for every four.
            let full = columns.div_ceil(width).max(1);
            if full > 1 { full + full / 4 } else { full }
        })
        .sum();
    u16::try_from(lines.max(1)).unwrap_or(u16::MAX)
}

/// Draws the block.
fn block(progress: &Progress, color: bool, area: Rect, buffer: &mut Buffer) {
    let styled = |style: Style| if color { style } else { Style::new() };
    let width = usize::from(area.width);
    let mut lines = vec![Line::styled("─".repeat(width), styled(Style::new().dim()))];
    let left = progress.left().map(|left| format!("   {} left", words::duration(left))).unwrap_or_default();
    lines.push(Line::from(format!("{}{left}", progress.headline())));
    lines.push(bar(progress.share(), width.saturating_sub(2), color));
    for (region, states) in progress.strips().into_iter().take(STRIPS_MAX) {
        let room = width.saturating_sub(17).max(1);
        let mut line = vec![Span::raw(format!(" {:<15}", region.to_string()))];
        line.extend(
            squeeze(&states, room)
                .into_iter()
                .map(|state| Span::styled(words::sign(state).to_string(), styled(cell_style(state)))),
        );
        lines.push(Line::from(line));
    }
    if let Some(waiting) = progress.waiting() {
        lines.truncate(usize::from(BLOCK_LINES) - 1);
        lines.push(Line::styled(format!(" waiting: {waiting}"), styled(Style::new().dim())));
    }
    Paragraph::new(lines).render(area, buffer);
}

fn bar(share: f64, width: usize, color: bool) -> Line<'static> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a terminal's width")]
    #[expect(clippy::cast_precision_loss, reason = "a terminal is not that wide")]
    let full = ((width as f64) * share) as usize;
    let style = if color { Style::new().fg(Color::Green) } else { Style::new() };
    Line::from(vec![
        Span::raw(" "),
        Span::styled("█".repeat(full), style),
        Span::raw("░".repeat(width.saturating_sub(full))),
    ])
}

/// Fits many cells into few columns; each column shows the worst of its cells.
fn squeeze(states: &[CellState], columns: usize) -> Vec<CellState> {
    const WORST_FIRST: [CellState; 8] = [
        CellState::Failed,
        CellState::Drifted,
        CellState::Blocked,
        CellState::Running,
        CellState::Missing,
        CellState::Outdated,
        CellState::Current,
        CellState::Skipped,
    ];
    let rank = |state: &CellState| WORST_FIRST.iter().position(|worst| worst == state);
    let each = states.len().div_ceil(columns.max(1)).max(1);
    states.chunks(each).filter_map(|chunk| chunk.iter().copied().min_by_key(rank)).collect()
}

const fn cell_style(state: CellState) -> Style {
    match state {
        CellState::Current => Style::new().fg(Color::Green),
        CellState::Failed | CellState::Blocked => Style::new().fg(Color::Red),
        CellState::Drifted | CellState::Outdated => Style::new().fg(Color::Yellow),
        CellState::Running => Style::new().fg(Color::Cyan),
        CellState::Missing | CellState::Skipped => Style::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_cells_are_squeezed_and_the_worst_shows() {
        let mut states = vec![CellState::Current; 100];
        if let Some(state) = states.get_mut(57) {
            *state = CellState::Failed;
        }
        let squeezed = squeeze(&states, 20);
        assert_eq!(squeezed.len(), 20);
        assert_eq!(squeezed.iter().filter(|state| **state == CellState::Failed).count(), 1);
        assert_eq!(squeeze(&states, 200).len(), 100);
    }
}
