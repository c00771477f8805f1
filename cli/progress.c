#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "lib/clock.h"

#define FIRST_US US_PER_SECOND
#define EVERY_US (250 * US_PER_MS)
#define EVERY_PLAIN_US (30 * US_PER_SECOND)
#define ERASE "\r\x1b[K"
#define SIZE_BYTES 24

void progress_begin(struct progress *progress)
{
    *progress = (struct progress){.is_on = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO),
                                  .began_us = clock_monotonic_us()};
}

void progress_begin_lines(struct progress *progress)
{
    bool is_terminal = isatty(STDERR_FILENO);
    *progress = (struct progress){
        .is_on = true, .is_plain = !is_terminal, .began_us = clock_monotonic_us()};
}

static const char *size_text(double bytes, char text[static SIZE_BYTES])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    for (; bytes >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++)
        bytes /= 1024;
    (void)snprintf(text, SIZE_BYTES, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
    return text;
}

static void print_line(const char *what, double done, double total, double seconds)
{
    char size[SIZE_BYTES];
    char whole[SIZE_BYTES];
    char rate[SIZE_BYTES];
    (void)fprintf(stderr, "%s%s", what, size_text(done, size));
    if (total > 0)
        (void)fprintf(stderr, " of %s, %.0f %%", size_text(total, whole), 100 * done / total);
    (void)fprintf(stderr, ", %s/s", size_text(done / seconds, rate));
    if (total > 0 && done > 0)
        (void)fprintf(stderr, ", %.0f s left", (total - done) * seconds / done);
}

void progress_show_more(struct progress *progress, int64_t done_bytes, int64_t total_bytes,
                        const char *what, int64_t things)
{
    if (!progress->is_on)
        return;
    int64_t now = clock_monotonic_us();
    int64_t spent = now - progress->began_us;
    int64_t since = now - (progress->shown_us > 0 ? progress->shown_us : progress->began_us);
    if (spent < FIRST_US || since < (progress->is_plain ? EVERY_PLAIN_US : EVERY_US))
        return;
    double seconds = (double)spent / (double)US_PER_SECOND;
    progress->shown_us = now;
    progress->is_shown = !progress->is_plain;
    (void)fputs(progress->is_plain ? "" : ERASE, stderr);
    print_line(what, (double)done_bytes, (double)total_bytes, seconds);
    if (things >= 0)
        (void)fprintf(stderr, ", %.0f records/s", (double)things / seconds);
    (void)fputs(progress->is_plain ? "\n" : "", stderr);
    (void)fflush(stderr);
}

void progress_show(struct progress *progress, int64_t done_bytes, int64_t total_bytes)
{
    progress_show_more(progress, done_bytes, total_bytes, "", -1);
}

void progress_clear(struct progress *progress)
{
    if (!progress->is_shown)
        return;
    progress->is_shown = false;
    (void)fputs(ERASE, stderr);
    (void)fflush(stderr);
}
