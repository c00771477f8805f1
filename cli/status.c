#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <yajl/yajl_gen.h>

#include "cli/cli.h"
#include "loaders/health.h"
#include "pipelines/pipeline.h"

#define STATUS_ARENA_BYTES ((size_t)64 << 20)
#define PARTITIONS_MOST 10000

static const char help[] =
    "Usage: sluice status [-p FILE] [--json | --idle]\n"
    "\n"
    "Says how the pipeline stands: every connector with its last message, how the last run of "
    "what\n"
    "is pulled ended, how far the loader is behind the bus in each partition, open dead letters by "
    "reason, what the rollup has still to\n"
    "recompute, and the schema's version. Reads the database and the bus, changes nothing.\n"
    "\n"
    "Options:\n"
    "  --json   one JSON object instead of tables\n"
    "  --idle   print nothing; exit 0 if everything on the bus is loaded and rolled up, else 1\n"
    "  -p FILE  the pipeline file\n"
    "\n"
    "Example: wait until what was sent shows in the analytics\n"
    "  until sluice status --idle; do sleep 1; done\n"
    "\n"
    "Exit codes: 0 done, 1 a service cannot be read (or, with --idle, not idle), 2 usage or\n"
    "invalid pipeline file.\n";

struct lag {
    char topic[BUS_TOPIC_NAME_BYTES];
    int32_t partition;
    int64_t stored; /* next offset to load */
    int64_t next;   /* next offset to be written */
};

struct status {
    struct health health;
    char bus[BUS_IDENTITY_BYTES]; /* which log the lags are of */
    struct lag *lags;
    size_t lag_count;
};

/* ---- reading ---- */

static int64_t stored_offset(const struct status *status, const char *topic,
                             const struct bus_partition_range *range)
{
    for (size_t i = 0; i < status->health.offset_count; i++) {
        const struct health_offset *offset = &status->health.offsets[i];
        if (offset->partition == range->partition && strcmp(offset->topic, topic) == 0 &&
            strcmp(offset->bus, status->bus) == 0)
            return offset->next_offset > range->first_offset ? offset->next_offset
                                                             : range->first_offset;
    }
    return range->first_offset;
}

static enum rc add_lags(const struct bus_conf *bus, enum bus_topic topic,
                        struct bus_partition_range *ranges, struct status *status, struct err *err)
{
    size_t count = 0;
    enum rc rc = bus_ranges(bus, topic, ranges, PARTITIONS_MOST, &count, err);
    for (size_t i = 0; rc == RC_OK && i < count && i < PARTITIONS_MOST; i++) {
        struct lag *lag = &status->lags[status->lag_count++];
        bus_topic_name(bus, topic, lag->topic);
        lag->partition = ranges[i].partition;
        lag->stored = stored_offset(status, lag->topic, &ranges[i]);
        lag->next = ranges[i].next_offset;
    }
    return rc;
}

static enum rc read_bus(const struct bus_conf *bus, struct arena *arena, struct status *status,
                        struct err *err)
{
    struct bus_partition_range *ranges = arena_alloc(arena, PARTITIONS_MOST * sizeof *ranges);
    status->lags = arena_alloc(arena, 2 * sizeof *status->lags * PARTITIONS_MOST);
    if (ranges == NULL || status->lags == NULL)
        return err_set(err, RC_FATAL, "the arena of this verb is too small for its lists");
    enum rc rc = bus_identity(bus, status->bus, err);
    if (rc == RC_OK)
        rc = add_lags(bus, BUS_RECORDS, ranges, status, err);
    return rc == RC_OK ? add_lags(bus, BUS_DEADLETTER, ranges, status, err) : rc;
}

static enum rc read_status(const struct pipeline *pipeline, struct arena *arena,
                           struct status *status, struct err *err)
{
    PGconn *connection = NULL;
    enum rc rc = health_open(pipeline->database_url, &connection, err);
    if (rc == RC_OK)
        rc = health_read(connection, pipeline->load.group, arena, &status->health, err);
    database_close(&connection);
    return rc == RC_OK ? read_bus(&pipeline->bus, arena, status, err) : rc;
}

/* ---- for people ---- */

static const char *or_dash(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : "-";
}

static void print_channels(const struct health *health)
{
    printf("%-20s %-20s %-16s %s\n", "TENANT", "CONNECTOR", "PROVIDER", "LAST MESSAGE");
    for (size_t i = 0; i < health->channel_count; i++) {
        const struct health_channel *channel = &health->channels[i];
        printf("%-20s %-20s %-16s %s\n", channel->tenant, or_dash(channel->name), channel->provider,
               or_dash(channel->last_message_at));
    }
}

static void print_pulls(const struct health *health)
{
    if (health->pull_count == 0)
        return;
    printf("\n%-20s %-20s %-16s %-7s %-20s %10s %10s\n", "PULLED OF", "CONNECTOR", "WHAT", "STATE",
           "LAST SUCCESS", "WRITTEN", "REJECTED");
    for (size_t i = 0; i < health->pull_count; i++) {
        const struct health_pull *pull = &health->pulls[i];
        printf("%-20s %-20s %-16s %-7s %-20s %10" PRId64 " %10" PRId64 "\n", pull->tenant,
               or_dash(pull->name), pull->entity, pull->status, or_dash(pull->succeeded_at),
               pull->written, pull->rejected);
        if (pull->error != NULL)
            printf("  %s\n", pull->error);
    }
}

static void print_lags(const struct status *status)
{
    printf("\n%-28s %9s %12s %12s %10s\n", "TOPIC", "PARTITION", "LOADED", "WRITTEN", "LAG");
    for (size_t i = 0; i < status->lag_count; i++) {
        const struct lag *lag = &status->lags[i];
        printf("%-28s %9" PRId32 " %12" PRId64 " %12" PRId64 " %10" PRId64 "\n", lag->topic,
               lag->partition, lag->stored, lag->next, lag->next - lag->stored);
    }
}

static void print_letters(const struct health *health)
{
    printf("\n%-20s %-10s %-28s %s\n", "DEAD LETTERS OF", "STAGE", "REASON", "OPEN");
    for (size_t i = 0; i < health->letters_count; i++) {
        const struct health_letters *letters = &health->letters[i];
        printf("%-20s %-10s %-28s %" PRId64 "\n", or_dash(letters->tenant), letters->stage,
               letters->reason, letters->count);
    }
    if (health->letters_count == 0)
        printf("none\n");
}

static void print_tables(const struct status *status)
{
    const struct health *health = &status->health;
    print_channels(health);
    print_pulls(health);
    print_lags(status);
    print_letters(health);
    printf("\nto roll up: %" PRId64 " days, %" PRId64 " conversations\n", health->dirty_days,
           health->dirty_conversations);
    printf("schema: version %d of %d%s\n", health->schema.applied, health->schema.known,
           health->schema.pending > 0 ? "; run \"sluice migrate\"" : "");
}

/* ---- for machines ---- */

static void json_text(yajl_gen gen, const char *text)
{
    if (text == NULL)
        (void)yajl_gen_null(gen);
    else
        (void)yajl_gen_string(gen, (const unsigned char *)text, strlen(text));
}

static void json_member(yajl_gen gen, const char *name, const char *text)
{
    json_text(gen, name);
    json_text(gen, text);
}

static void json_number(yajl_gen gen, const char *name, int64_t number)
{
    json_text(gen, name);
    (void)yajl_gen_integer(gen, number);
}

static void json_channels(yajl_gen gen, const struct health *health)
{
    json_text(gen, "connectors");
    (void)yajl_gen_array_open(gen);
    for (size_t i = 0; i < health->channel_count; i++) {
        (void)yajl_gen_map_open(gen);
        json_member(gen, "tenant", health->channels[i].tenant);
        json_member(gen, "name", health->channels[i].name);
        json_member(gen, "provider", health->channels[i].provider);
        json_member(gen, "last_message_at", health->channels[i].last_message_at);
        (void)yajl_gen_map_close(gen);
    }
    (void)yajl_gen_array_close(gen);
}

static void json_pulls(yajl_gen gen, const struct health *health)
{
    json_text(gen, "pulls");
    (void)yajl_gen_array_open(gen);
    for (size_t i = 0; i < health->pull_count; i++) {
        const struct health_pull *pull = &health->pulls[i];
        (void)yajl_gen_map_open(gen);
        json_member(gen, "tenant", pull->tenant);
        json_member(gen, "connector", pull->name);
        json_member(gen, "what", pull->entity);
        json_member(gen, "state", pull->status);
        json_member(gen, "last_success_at", pull->succeeded_at);
        json_number(gen, "written", pull->written);
        json_number(gen, "rejected", pull->rejected);
        json_member(gen, "error", pull->error);
        (void)yajl_gen_map_close(gen);
    }
    (void)yajl_gen_array_close(gen);
}

static void json_lags(yajl_gen gen, const struct status *status)
{
    json_text(gen, "partitions");
    (void)yajl_gen_array_open(gen);
    for (size_t i = 0; i < status->lag_count; i++) {
        const struct lag *lag = &status->lags[i];
        (void)yajl_gen_map_open(gen);
        json_member(gen, "topic", lag->topic);
        json_number(gen, "partition", lag->partition);
        json_number(gen, "loaded", lag->stored);
        json_number(gen, "written", lag->next);
        json_number(gen, "lag", lag->next - lag->stored);
        (void)yajl_gen_map_close(gen);
    }
    (void)yajl_gen_array_close(gen);
}

static void json_letters(yajl_gen gen, const struct health *health)
{
    json_text(gen, "dead_letters");
    (void)yajl_gen_array_open(gen);
    for (size_t i = 0; i < health->letters_count; i++) {
        (void)yajl_gen_map_open(gen);
        json_member(gen, "tenant", health->letters[i].tenant);
        json_member(gen, "stage", health->letters[i].stage);
        json_member(gen, "reason", health->letters[i].reason);
        json_number(gen, "open", health->letters[i].count);
        (void)yajl_gen_map_close(gen);
    }
    (void)yajl_gen_array_close(gen);
}

static bool is_idle(const struct status *status)
{
    for (size_t i = 0; i < status->lag_count; i++)
        if (status->lags[i].next > status->lags[i].stored)
            return false;
    return status->health.dirty_days == 0 && status->health.dirty_conversations == 0;
}

static void print_piece(void *context, const char *text, size_t n)
{
    (void)fwrite(text, 1, n, context);
}

static void print_json(const struct status *status)
{
    yajl_gen gen = yajl_gen_alloc(NULL);
    (void)yajl_gen_config(gen, yajl_gen_print_callback, print_piece, stdout);
    (void)yajl_gen_map_open(gen);
    json_channels(gen, &status->health);
    json_pulls(gen, &status->health);
    json_lags(gen, status);
    json_letters(gen, &status->health);
    json_number(gen, "dirty_days", status->health.dirty_days);
    json_number(gen, "dirty_conversations", status->health.dirty_conversations);
    json_number(gen, "schema_applied", status->health.schema.applied);
    json_number(gen, "schema_known", status->health.schema.known);
    json_text(gen, "idle");
    (void)yajl_gen_bool(gen, is_idle(status));
    (void)yajl_gen_map_close(gen);
    (void)putchar('\n');
    yajl_gen_free(gen);
}

/* ---- the verb ---- */

enum form { FORM_TABLES, FORM_JSON, FORM_IDLE };

static int show(const struct pipeline *pipeline, enum form form)
{
    struct err err;
    struct status status = {0};
    int code = CLI_DONE;
    struct arena *arena = arena_new("status", STATUS_ARENA_BYTES);
    if (read_status(pipeline, arena, &status, &err) != RC_OK)
        code = cli_fail(&cli_status, &err);
    else if (form == FORM_JSON)
        print_json(&status);
    else if (form == FORM_TABLES)
        print_tables(&status);
    else
        code = is_idle(&status) ? CLI_DONE : CLI_FAILED;
    arena_free(&arena);
    return code;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"idle", no_argument, NULL, 'i'}, {NULL, 0, NULL, 0}};
    enum form form = FORM_TABLES;
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (option != 'j' && option != 'i')
            return cli_option_error(&cli_status, option, argv);
        if (form != FORM_TABLES)
            return cli_usage_error(&cli_status, "--json and --idle exclude each other");
        form = option == 'j' ? FORM_JSON : FORM_IDLE;
    }
    if (optind < argc)
        return cli_usage_error(&cli_status, "no argument is expected, found \"%s\"", argv[optind]);
    struct pipeline *pipeline = cli_load_pipeline(cli, &cli_status);
    if (pipeline == NULL)
        return CLI_USAGE;
    int code = show(pipeline, form);
    pipeline_free(&pipeline);
    return code;
}

const struct cli_verb cli_status = {
    .name = "status",
    .summary = "connectors, lag, dead letters, what is left to roll up",
    .help = help,
    .run = run,
};
