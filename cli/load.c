#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "lib/clock.h"
#include "lib/limits.h"
#include "lib/stop.h"
#include "pipelines/pipeline.h"

static const char help[] =
    "Usage: sluice load [-p FILE] [--until-idle] [--idle SECONDS] [--batch N]\n"
    "\n"
    "Reads canonical records and dead letters from the bus and merges them into PostgreSQL, until\n"
    "SIGTERM or SIGINT. A batch is one transaction: its rows, its dead letters, what the rollup\n"
    "must recompute, and the consumed offsets. Killed at any moment it begins again from the\n"
    "stored offsets and nothing is missing or double.\n"
    "\n"
    "Options:\n"
    "  --until-idle    end once the bus holds nothing that is not stored\n"
    "  --idle SECONDS  with --until-idle: and nothing has come for so long; default 2\n"
    "  --batch N       at most N records in a transaction (1 to 10000); default is the pipeline\n"
    "                  key load.batch_records\n"
    "  -p FILE         the pipeline file; keys database, bus, load, tenants\n"
    "\n"
    "Tenants and connectors of the pipeline file are written to the database at start. A record "
    "of\n"
    "another channel, or one that PostgreSQL refuses, becomes a dead letter and the rest of its\n"
    "batch loads; see etl.dead_letters. While the database or the bus is away the loader waits,\n"
    "says so, and goes on by itself. docs/LOADER.md has the whole contract.\n"
    "\n"
    "Example: load what is there, once, in small transactions\n"
    "  sluice load --until-idle --batch 500\n"
    "\n"
    "Exit codes: 0 stopped or idle, 1 failed (another loader reads the same partitions, rights,\n"
    "schema), 2 usage or invalid pipeline file.\n";

enum { IDLE_DEFAULT_S = 2, IDLE_LONGEST_S = 3600 };

/* A whole number in [least, most]. */
static bool read_number(const char *text, long least, long most, long *number_out)
{
    char *end;
    *number_out = strtol(text, &end, 10);
    return end != text && *end == '\0' && *number_out >= least && *number_out <= most;
}

struct arguments {
    bool until_idle;
    long idle_s;
    long batch; /* 0 = as the pipeline file says */
};

static int parse(int argc, char **argv, struct arguments *to)
{
    static const struct option options[] = {{"until-idle", no_argument, NULL, 'u'},
                                            {"idle", required_argument, NULL, 'i'},
                                            {"batch", required_argument, NULL, 'b'},
                                            {0}};
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (option == 'u')
            to->until_idle = true;
        else if (option == 'i') {
            if (!read_number(optarg, 0, IDLE_LONGEST_S, &to->idle_s))
                return cli_usage_error(&cli_load, "--idle takes 0 to %d seconds, found \"%s\"",
                                       IDLE_LONGEST_S, optarg);
        } else if (option == 'b') {
            if (!read_number(optarg, 1, LIMIT_BATCH_RECORDS, &to->batch))
                return cli_usage_error(&cli_load, "--batch takes 1 to %d records, found \"%s\"",
                                       LIMIT_BATCH_RECORDS, optarg);
        } else
            return cli_option_error(&cli_load, option, argv);
    }
    if (optind < argc)
        return cli_usage_error(&cli_load, "no argument is expected, found \"%s\"", argv[optind]);
    return CLI_DONE;
}

static void print_summary(const struct load_counts *counts, int64_t took_us)
{
    double seconds = (double)took_us / (double)US_PER_SECOND;
    (void)fprintf(stderr,
                  "loaded %" PRIu64 " records in %" PRIu64 " batches: %" PRIu64
                  " rows changed, %" PRIu64 " dead letters, %.1f s\n",
                  counts->records, counts->batches, counts->rows_changed, counts->dead_letters,
                  seconds);
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct arguments arguments = {.idle_s = IDLE_DEFAULT_S};
    int usage = parse(argc, argv, &arguments);
    if (usage != CLI_DONE)
        return usage;
    struct pipeline *pipeline = cli_load_pipeline(cli, &cli_load);
    if (pipeline == NULL)
        return CLI_USAGE;

    struct load_conf conf = pipeline->load;
    struct load_counts counts;
    struct err err = {0};
    conf.catalog = &pipeline->catalog;
    conf.until_idle = arguments.until_idle;
    conf.idle_ms = (int)arguments.idle_s * 1000;
    if (arguments.batch > 0)
        conf.batch_records = (size_t)arguments.batch;
    stop_install();
    int64_t started_us = clock_monotonic_us();
    enum rc rc = load_run(&conf, &pipeline->bus, &counts, &err);
    if (rc == RC_OK || counts.batches > 0)
        print_summary(&counts, clock_monotonic_us() - started_us);
    pipeline_free(&pipeline);
    return rc == RC_OK ? CLI_DONE : cli_fail(&cli_load, &err);
}

const struct cli_verb cli_load = {
    .name = "load",
    .summary = "merge records from the bus into PostgreSQL, exactly once in effect",
    .help = help,
    .run = run,
};
