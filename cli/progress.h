/* progress.h: one line on the terminal about how far a long work is.
 *
 * Shown on stderr, where that is a terminal and stdout is not (data would run into it), from the
 * first second on, four times a second at most. Work without data on stdout may ask for plain lines
 * elsewhere, twice a minute.
 * Units:   bytes; times monotonic.
 * Threads: one owner. */
#ifndef SLUICE_CLI_PROGRESS_H
#define SLUICE_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool is_on;
    bool is_plain; /* lines that stay */
    bool is_shown; /* the line stands on the terminal now */
    int64_t began_us, shown_us;
};

void progress_begin(struct progress *progress);
/* Of work without data on stdout. */
void progress_begin_lines(struct progress *progress);
/* total_bytes -1: not known. */
void progress_show(struct progress *progress, int64_t done_bytes, int64_t total_bytes);
/* With what is being read, and how many things have come out of it. */
void progress_show_more(struct progress *progress, int64_t done_bytes, int64_t total_bytes,
                        const char *what, int64_t things);
/* Before anything else goes to stderr, and at the end. */
void progress_clear(struct progress *progress);

#endif
