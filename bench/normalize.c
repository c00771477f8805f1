/* normalize: raw bodies to canonical records, against yajl alone on the same bytes.
 *
 *     normalize [--quick]
 *
 * Many separate bodies, the whole input in memory. Modes: yajl with empty callbacks, one handle a
 * body, which is the floor; the normalizer with its records counted; the same with every record
 * encoded. Rounds go through the modes by turns, so that noise hits all alike; each mode is held
 * against the floor of its own round, and all figures are medians over the rounds. Times are CPU
 * times, so that what else runs on the machine counts little.
 * Last line: one JSON object; rss_mib is the largest resident size less the input held here. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <yajl/yajl_parse.h>

#include "bench/whatsapp_bodies.h"
#include "lib/clock.h"
#include "lib/limits.h"
#include "transform/ids.h"
#include "transform/normalizer.h"

#define ROUNDS_MOST 31
#define TENANT "acme"

struct input {
    struct buf bytes;
    size_t *ends; /* of each body */
    size_t count;
};

struct work {
    const struct input *input;
    struct normalizer *normalizer;
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

static void die(const char *what, const char *detail)
{
    (void)fprintf(stderr, "normalize: %s: %s\n", what, detail);
    exit(1);
}

static struct str body_at(const struct input *input, size_t i)
{
    size_t first = i > 0 ? input->ends[i - 1] : 0;
    return (struct str){input->bytes.p + first, input->ends[i] - first};
}

static void make_input(struct input *input, size_t count)
{
    *input = (struct input){.ends = xcalloc(count, sizeof *input->ends), .count = count};
    buf_init(&input->bytes, SIZE_MAX / 2);
    for (size_t i = 0; i < count; i++) {
        whatsapp_bodies_add(&input->bytes, i);
        input->ends[i] = input->bytes.n;
    }
}

/* ---- the floor ---- */

static int on_nothing(void *context)
{
    (void)context;
    return 1;
}

static int on_boolean(void *context, int value)
{
    (void)context;
    (void)value;
    return 1;
}

static int on_number(void *context, const char *p, size_t n)
{
    (void)context;
    (void)p;
    (void)n;
    return 1;
}

static int on_string(void *context, const unsigned char *p, size_t n)
{
    (void)context;
    (void)p;
    (void)n;
    return 1;
}

static const yajl_callbacks empty_callbacks = {
    .yajl_null = on_nothing,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_nothing,
    .yajl_map_key = on_string,
    .yajl_end_map = on_nothing,
    .yajl_start_array = on_nothing,
    .yajl_end_array = on_nothing,
};

static void run_floor(struct work *work)
{
    for (size_t i = 0; i < work->input->count; i++) {
        struct str body = body_at(work->input, i);
        yajl_handle handle = yajl_alloc(&empty_callbacks, NULL, NULL);
        if (yajl_parse(handle, (const unsigned char *)body.p, body.n) != yajl_status_ok ||
            yajl_complete_parse(handle) != yajl_status_ok)
            die("a body is no JSON", body.p);
        yajl_free(handle);
    }
}

/* ---- the normalizer ---- */

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

static void normalize_all(struct work *work)
{
    struct err err;
    int64_t observed_at = clock_now_us();
    work->records = work->record_bytes = 0;
    for (size_t i = 0; i < work->input->count; i++) {
        struct str body = body_at(work->input, i);
        const struct document document = document_at(observed_at, SOURCE_WEBHOOK);
        normalizer_begin(work->normalizer, &document);
        if (normalizer_feed(work->normalizer, body.p, body.n, &err) != RC_OK ||
            normalizer_end(work->normalizer, &err) != RC_OK)
            die("a body cannot be normalized", err.msg);
    }
}

static void run_normalize(struct work *work)
{
    work->encodes = false;
    normalize_all(work);
}

static void run_encode(struct work *work)
{
    work->encodes = true;
    normalize_all(work);
}

/* ---- rounds ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, size_t count)
{
    double sorted[ROUNDS_MOST];
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, by_value);
    return sorted[count / 2];
}

static double least(const double *values, size_t count)
{
    double found = values[0];
    for (size_t i = 1; i < count; i++)
        found = values[i] < found ? values[i] : found;
    return found;
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

static void report(const struct mode *modes, size_t rounds, const struct work *work)
{
    const struct input *input = work->input;
    double mb = (double)input->bytes.n / 1e6;
    double ratios[MODES];
    printf("%zu WhatsApp bodies of %.0f bytes, %.2f records each of %.0f bytes, %zu rounds\n\n",
           input->count, 1e6 * mb / (double)input->count,
           (double)work->records / (double)input->count,
           (double)work->record_bytes / (double)work->records, rounds);
    printf("%-24s %8s %10s %8s %8s\n", "", "MB/s", "bodies/s", "best", "of yajl");
    for (int i = 0; i < MODES; i++) {
        double seconds = median(modes[i].seconds, rounds);
        ratios[i] = ratio(&modes[i], &modes[FLOOR], rounds);
        printf("%-24s %8.1f %10.0f %8.1f %7.1f%%\n", modes[i].name, mb / seconds,
               (double)input->count / seconds, mb / least(modes[i].seconds, rounds),
               100 * ratios[i]);
    }
    printf("\n{\"bench\":\"normalize\",\"whatsapp_ratio\":%.3f,\"whatsapp_encoded_ratio\":%.3f,"
           "\"rss_mib\":%.1f}\n",
           ratios[NORMALIZE], ratios[ENCODE], resident_mib(input));
}

int main(int argc, char **argv)
{
    bool quick = argc == 2 && strcmp(argv[1], "--quick") == 0;
    if (argc > 2 || (argc == 2 && !quick)) {
        (void)fputs("usage: normalize [--quick]\n", stderr);
        return 2;
    }
    static struct mode modes[MODES] = {{"yajl, empty callbacks", run_floor, {0}},
                                       {"normalize", run_normalize, {0}},
                                       {"normalize and encode", run_encode, {0}}};
    size_t rounds = quick ? 9 : ROUNDS_MOST;
    struct input input;
    make_input(&input, quick ? 40000 : 200000);
    struct work work = {.input = &input};
    buf_init(&work.line, LIMIT_RECORD_BYTES);

    struct str channel = STR_LIT("whatsapp");
    struct uuid tenant_id = ids_tenant(STR_LIT(TENANT));
    struct channel_account account = {
        STR_LIT(WHATSAPP_BODIES_ACCOUNT), STR_LIT("whatsapp_cloud"),
        ids_channel(&tenant_id, STR_LIT("whatsapp_cloud"), STR_LIT(WHATSAPP_BODIES_ACCOUNT)), NULL};
    struct normalizer_conf conf = {.channel = channel,
                                   .tenant = STR_LIT(TENANT),
                                   .tenant_id = tenant_id,
                                   .accounts = &account,
                                   .account_count = 1};
    struct normalizer_sink sink = {on_record, on_reject, &work};
    struct err err;
    if (normalizer_new(&conf, &sink, &work.normalizer, &err) != RC_OK)
        die("no normalizer", err.msg);
    run_rounds(modes, rounds, &work);
    report(modes, rounds, &work);
    normalizer_free(&work.normalizer);
    buf_done(&work.line);
    buf_done(&input.bytes);
    free(input.ends);
    return 0;
}
