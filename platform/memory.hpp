#pragma once

namespace hale {

/// A process that allocates little: one arena, and free memory goes back. Call before threads are started.
void be_small();

/// Gives back what only the start needed: free heap, and the pages of program text that parsing packs, migrating and
/// opening brought in (the kernel maps 64 KiB around each). What is still used comes back from the page cache by
/// itself. Any thread.
void release_startup_memory();

}  // namespace hale
