/* normalize: raw bytes to canonical records, against the bare parser on the same bytes.
 *
 *     normalize [--quick] [CHANNEL]
 *
 * Of each channel the whole input is made in memory first. Modes: the parser alone, which is the
 * floor; the normalizer with its records counted; the same with every record encoded. Rounds go
 * through the modes by turns, so that noise hits all alike; each mode is held against the floor of
 * its own round, and all figures are medians over the rounds. Times are CPU times, so that what
 * else runs on the machine counts little. Every channel has a process of its own, so that its
 * resident size is its own.
 * Last line: one JSON object; rss_mib is the largest resident size of any channel less its input.
 */
#include <gmime/gmime.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/email_mails.h"
#include "bench/normalize_floor.h"
#include "bench/telegram_export.h"
#include "bench/whatsapp_bodies.h"
#include "lib/limits.h"
#include "transform/channels.h"
#include "transform/ids.h"

#define ROUNDS_MOST 31
#define TENANT "acme"
#define PIECE_BYTES (64 * KIB)

struct input {
    struct buf bytes;
    size_t *ends; /* of each document */
    size_t count;
};

struct subject {
    const char *channel, *provider, *format;
    const char *account;
    const char *floor_name;
    normalize_floor_fn *floor;
    void (*make)(struct input *input, bool quick);
};

struct work {
    const struct subject *subject;
    const struct input *input;
    struct normalizer *normalizer;
    enum source_kind source;
    struct buf line;
    bool encodes;
    uint64_t records, record_bytes;
};

typedef void mode_fn(struct work *work);

struct mode {
    const char *name;
    mode_fn *run;
    double seconds[ROUNDS_MOST];
};

enum { FLOOR, NORMALIZE, ENCODE, MODES };

struct result { /* of a subject */
    double ratio, encoded_ratio, rss_mib;
};

static void die(const char *what, const char *detail)
{
    (void)fprintf(stderr, "normalize: %s: %s\n", what, detail);
    exit(1);
}

/* ---- inputs ---- */

static struct str document_of(const struct input *input, size_t i)
{
    size_t first = i > 0 ? input->ends[i - 1] : 0;
    return (struct str){input->bytes.p + first, input->ends[i] - first};
}

static void begin_input(struct input *input, size_t count)
{
    *input = (struct input){.ends = xcalloc(count, sizeof *input->ends)};
    buf_init(&input->bytes, SIZE_MAX / 2);
}

static void end_document(struct input *input)
{
    input->ends[input->count++] = input->bytes.n;
}

static void make_bodies(struct input *input, bool quick)
{
    size_t count = quick ? 40000 : 200000;
    begin_input(input, count);
    for (size_t i = 0; i < count; i++) {
        whatsapp_bodies_add(&input->bytes, i);
        end_document(input);
    }
}

static void make_export(struct input *input, bool quick)
{
    begin_input(input, 1);
    telegram_export_begin(&input->bytes);
    for (size_t i = 0; input->bytes.n < (quick ? 24 : 128) * MIB; i++)
        telegram_export_add(&input->bytes, i);
    telegram_export_end(&input->bytes);
    end_document(input);
}

static void make_mails(struct input *input, bool quick)
{
    size_t count = quick ? 1500 : 8000;
    begin_input(input, count);
    for (size_t i = 0; i < count; i++) {
        email_mails_add(&input->bytes, i);
        end_document(input);
    }
}

static const struct subject subjects[] = {
    {"whatsapp", NULL, NULL, WHATSAPP_BODIES_ACCOUNT, "yajl, empty callbacks", normalize_floor_yajl,
     make_bodies},
    {"telegram", NULL, "export", TELEGRAM_EXPORT_ACCOUNT, "yajl, empty callbacks",
     normalize_floor_yajl, make_export},
    {"email", "mime", NULL, "help@acme.example", "GMime, parsed only", normalize_floor_gmime,
     make_mails},
};
#define SUBJECTS (sizeof subjects / sizeof subjects[0])

/* ---- modes ---- */

static void run_floor(struct work *work)
{
    for (size_t i = 0; i < work->input->count; i++)
        work->subject->floor(document_of(work->input, i));
}

static enum rc on_record(void *context, const struct record *record, struct err *err)
{
    struct work *work = context;
    work->records++;
    if (!work->encodes)
        return RC_OK;
    buf_reset(&work->line);
    enum rc rc = record_encode(record, &work->line, err);
    work->record_bytes += work->line.n;
    return rc;
}

static enum rc on_reject(void *context, const struct reject *reject, struct err *err)
{
    (void)context;
    return err_set(err, RC_FATAL, "rejected: %.*s", STR_ARGS(reject->detail));
}

static void normalize_document(struct work *work, struct str bytes)
{
    struct err err;
    const struct document document = document_at(clock_now_us(), work->source);
    enum rc rc = RC_OK;
    normalizer_begin(work->normalizer, &document);
    for (size_t at = 0; at < bytes.n && rc == RC_OK; at += PIECE_BYTES) {
        size_t n = bytes.n - at < PIECE_BYTES ? bytes.n - at : PIECE_BYTES;
        rc = normalizer_feed(work->normalizer, bytes.p + at, n, &err);
    }
    if (rc == RC_OK)
        rc = normalizer_end(work->normalizer, &err);
    if (rc != RC_OK)
        die("a document cannot be normalized", err.msg);
}

static void normalize_all(struct work *work, bool encodes)
{
    work->encodes = encodes;
    work->records = work->record_bytes = 0;
    for (size_t i = 0; i < work->input->count; i++)
        normalize_document(work, document_of(work->input, i));
}

static void run_normalize(struct work *work)
{
    normalize_all(work, false);
}

static void run_encode(struct work *work)
{
    normalize_all(work, true);
}

/* ---- rounds ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, size_t count)
{
    double sorted[ROUNDS_MOST];
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, by_value);
    return sorted[count / 2];
}

static double ratio(const struct mode *mode, const struct mode *floor, size_t rounds)
{
    double ratios[ROUNDS_MOST];
    for (size_t i = 0; i < rounds; i++)
        ratios[i] = floor->seconds[i] / mode->seconds[i];
    return median(ratios, rounds);
}

static double cpu_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void run_rounds(struct mode *modes, size_t rounds, struct work *work)
{
    for (size_t round = 0; round < rounds; round++) {
        for (int i = 0; i < MODES; i++) {
            double begun = cpu_seconds();
            modes[i].run(work);
            modes[i].seconds[round] = cpu_seconds() - begun;
        }
    }
}

static double resident_mib(const struct input *input)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    double input_kib = (double)(input->bytes.n + input->count * sizeof *input->ends) / 1024;
    return ((double)usage.ru_maxrss - input_kib) / 1024;
}

static struct result report(const struct mode *modes, size_t rounds, const struct work *work)
{
    const struct input *input = work->input;
    double mb = (double)input->bytes.n / 1e6;
    struct result result = {ratio(&modes[NORMALIZE], &modes[FLOOR], rounds),
                            ratio(&modes[ENCODE], &modes[FLOOR], rounds), resident_mib(input)};
    printf("%s/%s: %zu documents, %.1f MB, %.0f records of %.0f bytes, %zu rounds, %.1f MiB\n",
           work->subject->channel, work->subject->format != NULL ? work->subject->format : "-",
           input->count, mb, (double)work->records,
           (double)work->record_bytes / (double)work->records, rounds, result.rss_mib);
    printf("  %-24s %8s %12s %8s\n", "", "MB/s", "records/s", "of it");
    for (int i = 0; i < MODES; i++) {
        double seconds = median(modes[i].seconds, rounds);
        printf("  %-24s %8.1f %12.0f %7.1f%%\n", modes[i].name, mb / seconds,
               i == FLOOR ? 0.0 : (double)work->records / seconds,
               100 * ratio(&modes[i], &modes[FLOOR], rounds));
    }
    (void)fflush(stdout);
    return result;
}

/* ---- subjects ---- */

static struct result measure(const struct subject *subject, bool quick)
{
    struct mode modes[MODES] = {{subject->floor_name, run_floor, {0}},
                                {"normalize", run_normalize, {0}},
                                {"normalize and encode", run_encode, {0}}};
    const struct map_ops *map = channel_map(channel_find(str_of(subject->channel)),
                                            str_of(subject->provider), str_of(subject->format));
    size_t rounds = quick ? 7 : ROUNDS_MOST;
    struct input input;
    subject->make(&input, quick);
    struct work work = {.subject = subject, .input = &input, .source = map->source};
    buf_init(&work.line, LIMIT_RECORD_BYTES);
    struct uuid tenant_id = ids_tenant(STR_LIT(TENANT));
    struct str provider = str_of(map->account_provider);
    const struct channel_account account = {
        str_of(subject->account), provider,
        ids_channel(&tenant_id, provider, str_of(subject->account)), NULL};
    const struct normalizer_conf conf = {.channel = str_of(subject->channel),
                                         .provider = str_of(subject->provider),
                                         .format = str_of(subject->format),
                                         .tenant = STR_LIT(TENANT),
                                         .tenant_id = tenant_id,
                                         .accounts = &account,
                                         .account_count = 1,
                                         .any_account = true};
    const struct normalizer_sink sink = {on_record, on_reject, &work};
    struct err err;
    if (normalizer_new(&conf, &sink, &work.normalizer, &err) != RC_OK)
        die("no normalizer", err.msg);
    run_rounds(modes, rounds, &work);
    struct result result = report(modes, rounds, &work);
    normalizer_free(&work.normalizer);
    buf_done(&work.line);
    buf_done(&input.bytes);
    free(input.ends);
    return result;
}

static struct result measure_apart(const struct subject *subject, bool quick)
{
    struct result result = {0};
    int ends[2];
    if (pipe(ends) != 0)
        die("no pipe", subject->channel);
    pid_t child = fork();
    if (child == 0) {
        g_mime_init(); /* the floor's, before any thread */
        result = measure(subject, quick);
        _exit(write(ends[1], &result, sizeof result) == (ssize_t)sizeof result ? 0 : 1);
    }
    (void)close(ends[1]);
    int status = 1;
    bool is_whole = read(ends[0], &result, sizeof result) == (ssize_t)sizeof result;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0 || !is_whole)
        die("failed", subject->channel);
    (void)close(ends[0]);
    return result;
}

static void measure_all(const char *only, bool quick)
{
    struct buf json;
    double rss_mib = 0;
    buf_init(&json, 4 * KIB);
    for (size_t i = 0; i < SUBJECTS; i++) {
        if (only != NULL && strcmp(only, subjects[i].channel) != 0)
            continue;
        struct result result = measure_apart(&subjects[i], quick);
        (void)buf_printf(&json, "\"%s_ratio\":%.3f,\"%s_encoded_ratio\":%.3f,", subjects[i].channel,
                         result.ratio, subjects[i].channel, result.encoded_ratio);
        rss_mib = result.rss_mib > rss_mib ? result.rss_mib : rss_mib;
    }
    if (json.n == 0)
        die("no such channel", only);
    printf("\n{\"bench\":\"normalize\",%.*s\"rss_mib\":%.1f}\n", STR_ARGS(buf_peek(&json)),
           rss_mib);
    buf_done(&json);
}

int main(int argc, char **argv)
{
    bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
    if (argc > 2 + quick || (argc == 2 + quick && argv[1 + quick][0] == '-')) {
        (void)fputs("usage: normalize [--quick] [CHANNEL]\n", stderr);
        return 2;
    }
    measure_all(argc == 2 + quick ? argv[1 + quick] : NULL, quick);
    return 0;
}
