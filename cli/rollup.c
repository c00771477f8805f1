#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/stop.h"
#include "loaders/migrate.h"
#include "loaders/rollup.h"
#include "pipelines/pipeline.h"

#define LONGEST_WAIT_MS 30000 /* between attempts while the database is away */
#define ATTEMPTS 5            /* of one rollup that meets a busy or restarting database */

static const char help[] =
    "Usage: sluice rollup [-p FILE] [--rebuild] [--from DAY --to DAY] [--as-of TIME] [--follow]\n"
    "\n"
    "Recomputes sessions and daily analytics from the stored rows: for the conversations and days\n"
    "that the loader marked since the last run, and for threads whose silence has ended a session\n"
    "meanwhile. Days are those of each tenant's time zone. Safe to repeat, to kill and to run\n"
    "beside loaders and other rollups.\n"
    "\n"
    "Options:\n"
    "  --rebuild     recompute everything, marked or not\n"
    "  --from DAY    with --rebuild: only from this local day, YYYY-MM-DD\n"
    "  --to DAY      with --rebuild: only to this local day, included\n"
    "  --as-of TIME  the moment for which silence is judged, RFC 3339; default now\n"
    "  --follow      go on, every rollup.every of the pipeline file, until SIGTERM or SIGINT\n"
    "  -p FILE       the pipeline file; keys database, rollup\n"
    "\n"
    "--from or --to alone means --rebuild too.\n"
    "\n"
    "Example: after a correction made by hand in March\n"
    "  sluice rollup --rebuild --from 2026-03-01 --to 2026-03-31\n"
    "\n"
    "Exit codes: 0 done, 1 failed, 2 usage or invalid pipeline file.\n";

struct arguments {
    struct rollup_conf conf;
    bool follow;
};

static bool is_day(const char *text)
{
    char instant[40];
    int64_t us;
    if (strlen(text) != strlen("YYYY-MM-DD"))
        return false;
    (void)snprintf(instant, sizeof instant, "%sT00:00:00Z", text);
    return clock_parse(str_of(instant), &us);
}

static int take_day(const char *option, const char *text, const char **to)
{
    if (!is_day(text))
        return cli_usage_error(&cli_rollup, "--%s takes a day such as 2026-03-01, found \"%s\"",
                               option, text);
    *to = text;
    return CLI_DONE;
}

static int take_as_of(const char *text, int64_t *us_out)
{
    if (!clock_parse(str_of(text), us_out))
        return cli_usage_error(
            &cli_rollup, "--as-of takes a time such as 2026-03-01T12:00:00Z, found \"%s\"", text);
    return CLI_DONE;
}

static int take_option(int option, struct arguments *to)
{
    switch (option) {
    case 'r':
        to->conf.rebuild = true;
        return CLI_DONE;
    case 'w':
        to->follow = true;
        return CLI_DONE;
    case 'f':
        return take_day("from", optarg, &to->conf.from);
    case 't':
        return take_day("to", optarg, &to->conf.to);
    default:
        return take_as_of(optarg, &to->conf.as_of_us);
    }
}

static int check(struct arguments *to)
{
    const struct rollup_conf *conf = &to->conf;
    if (conf->from != NULL && conf->to != NULL && strcmp(conf->from, conf->to) > 0)
        return cli_usage_error(&cli_rollup, "--from %s is after --to %s", conf->from, conf->to);
    to->conf.rebuild = conf->rebuild || conf->from != NULL || conf->to != NULL;
    if (to->follow && (to->conf.rebuild || conf->as_of_us != TIME_NONE))
        return cli_usage_error(&cli_rollup, "--follow goes with no other option");
    return CLI_DONE;
}

static int parse(int argc, char **argv, struct arguments *to)
{
    static const struct option options[] = {
        {"rebuild", no_argument, NULL, 'r'},     {"follow", no_argument, NULL, 'w'},
        {"from", required_argument, NULL, 'f'},  {"to", required_argument, NULL, 't'},
        {"as-of", required_argument, NULL, 'a'}, {0}};
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (option == '?' || option == ':')
            return cli_option_error(&cli_rollup, option, argv);
        int taken = take_option(option, to);
        if (taken != CLI_DONE)
            return taken;
    }
    if (optind < argc)
        return cli_usage_error(&cli_rollup, "no argument is expected, found \"%s\"", argv[optind]);
    return check(to);
}

static enum rc rollup(PGconn **connection, const char *url, const struct rollup_conf *conf,
                      struct rollup_counts *counts, struct err *err)
{
    *counts = (struct rollup_counts){0};
    enum rc rc = RC_OK;
    if (*connection == NULL) {
        rc = database_open(url, "rollup", "sluice_loader", connection, err);
        if (rc == RC_OK)
            rc = migrate_require(*connection, err);
    }
    if (rc == RC_OK)
        rc = rollup_run(*connection, conf, counts, err);
    if (rc != RC_OK && rc != RC_AGAIN)
        database_close(connection); /* the next attempt begins with a fresh one */
    return rc;
}

static bool may_repeat(enum rc rc)
{
    return rc == RC_RETRY || rc == RC_UNCERTAIN; /* marks stay until their results are committed */
}

static int run_once(const char *url, const struct rollup_conf *conf)
{
    struct err err = {0};
    struct rollup_counts counts;
    PGconn *connection = NULL;
    enum rc rc = rollup(&connection, url, conf, &counts, &err);
    for (int attempt = 1; may_repeat(rc) && attempt < ATTEMPTS && !stop_requested(); attempt++) {
        LOG_WARN("database is away, trying again", LOG_STR("error", err.msg));
        stop_sleep_ms(500 << attempt);
        rc = rollup(&connection, url, conf, &counts, &err);
    }
    database_close(&connection);
    if (rc != RC_OK && rc != RC_AGAIN)
        return cli_fail(&cli_rollup, &err);
    printf("rolled up %" PRIu64 " conversations, %" PRIu64 " days\n", counts.conversations,
           counts.days);
    return CLI_DONE;
}

static int longer(int wait_ms)
{
    if (wait_ms < LONGEST_WAIT_MS / 2)
        return 2 * wait_ms;
    return wait_ms > LONGEST_WAIT_MS ? wait_ms : LONGEST_WAIT_MS;
}

static int follow(const char *url, const struct rollup_conf *conf, int every_ms)
{
    int wait_ms = every_ms;
    struct err err = {0};
    PGconn *connection = NULL;
    enum rc rc = RC_OK;
    while (!stop_requested()) {
        struct rollup_counts counts;
        rc = rollup(&connection, url, conf, &counts, &err);
        wait_ms = may_repeat(rc) ? longer(wait_ms) : every_ms;
        if (rc == RC_OK)
            LOG_INFO("rolled up", LOG_INT("conversations", counts.conversations),
                     LOG_INT("days", counts.days));
        else if (may_repeat(rc))
            LOG_WARN("database is away, trying again", LOG_STR("error", err.msg),
                     LOG_INT("retry_ms", wait_ms));
        else if (rc != RC_AGAIN)
            break;
        stop_sleep_ms(wait_ms);
    }
    database_close(&connection);
    return stop_requested() ? CLI_DONE : cli_fail(&cli_rollup, &err);
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct arguments arguments = {.conf = {.as_of_us = TIME_NONE}};
    int parsed = parse(argc, argv, &arguments);
    if (parsed != CLI_DONE)
        return parsed;
    struct pipeline *pipeline = cli_load_pipeline(cli, &cli_rollup);
    if (pipeline == NULL)
        return CLI_USAGE;
    stop_install();
    int exit_code = arguments.follow
                        ? follow(pipeline->database_url, &arguments.conf, pipeline->rollup_every_ms)
                        : run_once(pipeline->database_url, &arguments.conf);
    pipeline_free(&pipeline);
    return exit_code;
}

const struct cli_verb cli_rollup = {
    "rollup", "recompute sessions and daily analytics from the stored rows", help, run, NULL};
