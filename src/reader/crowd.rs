//! Pictures made to keep a decoder busy: full of marks that look like the corner of a QR code. rxing tries all of
//! them with each other and has taken more than 100 s on one; nobody else can be read meanwhile. A child process
//! that can be killed is the proper answer and comes next.

use board::Frame;

/// Marks in a million pixels from which on it is no photograph. The most crowded of 651 photographs, a pristine
/// code of version 40, has 1,550; at the limit rxing takes about a second and a half.
const MOST_IN_A_MILLION: u64 = 1600;

/// Marks that any picture may have, however small.
const ALWAYS: u64 = 800;

/// Whether a picture is better left alone.
pub(crate) fn is_too_crowded(frame: &Frame) -> bool {
    let pixels = u64::from(frame.width) * u64::from(frame.height);
    u64::from(count(frame)) > (pixels * MOST_IN_A_MILLION / 1_000_000).max(ALWAYS)
}

/// Counts runs of dark-light-dark-light-dark in the ratio 1:1:3:1:1 (ISO/IEC 18004 §6.3.3) along every second row.
fn count(frame: &Frame) -> u32 {
    let width = frame.width as usize;
    let mut found = 0;
    for row in frame.luma.chunks_exact(width.max(1)).step_by(2) {
        let sum: u64 = row.iter().map(|pixel| u64::from(*pixel)).sum();
        let mean = (sum / width as u64) as u8;
        // The last five runs, the newest last, and whether it is dark.
        let (mut runs, mut dark, mut length) = ([0_u32; 5], false, 0_u32);
        for pixel in row {
            if (*pixel < mean) == dark {
                length += 1;
                continue;
            }
            runs.rotate_left(1);
            runs[4] = length;
            found += u32::from(dark && is_corner(&runs));
            (dark, length) = (!dark, 1);
        }
    }
    found
}

fn is_corner(runs: &[u32; 5]) -> bool {
    let total: u32 = runs.iter().sum();
    if runs[0] == 0 || total < 7 {
        return false;
    }
    // Half a module either way, as the decoders take it.
    let module = total as f32 / 7.0;
    let near = |run: u32, modules: f32| (run as f32 - modules * module).abs() <= module * modules / 2.0;
    near(runs[0], 1.0) && near(runs[1], 1.0) && near(runs[2], 3.0) && near(runs[3], 1.0) && near(runs[4], 1.0)
}
