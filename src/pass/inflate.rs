//! Unpacking what strangers have packed: all of the input, one stream, and never more than a limit.

use miniz_oxide::inflate::{TINFLStatus, core};

use crate::Error;

/// A zlib stream (RFC 1950).
pub(crate) fn zlib(packed: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    use core::inflate_flags::{TINFL_FLAG_COMPUTE_ADLER32, TINFL_FLAG_PARSE_ZLIB_HEADER};
    unpack(packed, limit, TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_COMPUTE_ADLER32)
}

/// A raw deflate stream (RFC 1951).
pub(crate) fn raw(packed: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    unpack(packed, limit, 0)
}

fn unpack(packed: &[u8], limit: usize, flags: u32) -> Result<Vec<u8>, Error> {
    let mut out = vec![0; limit];
    let flags = flags | core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, consumed, written) = core::decompress(&mut core::DecompressorOxide::new(), packed, &mut out, 0, flags);
    match status {
        TINFLStatus::Done if consumed == packed.len() => {
            out.truncate(written);
            Ok(out)
        }
        TINFLStatus::HasMoreOutput => Err(Error::InflateLimit),
        _ => Err(Error::Inflate),
    }
}
