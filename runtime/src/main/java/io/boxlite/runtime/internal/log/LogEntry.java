package io.boxlite.runtime.internal.log;

import io.boxlite.api.LogChunk;
import java.time.Instant;

/// What was written to a log at one time.
///
/// @param source where to
/// @param time when; the epoch where no times are kept
/// @param bytes what; not to be changed
/// @param early whether it was there when its file was opened to be read
record LogEntry(LogChunk.Source source, Instant time, byte[] bytes, boolean early) {}
