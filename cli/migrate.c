#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "cli/cli.h"
#include "loaders/migrate.h"
#include "pipelines/pipeline.h"

static const char help[] =
    "Usage: sluice migrate [-p FILE] [--status | --dry-run]\n"
    "\n"
    "Applies the numbered migrations that the database does not have yet, then the views of\n"
    "schema bi where they changed. Each file is one transaction, under a lock: a failure leaves\n"
    "the database as it was before that file, and running it twice, or from two machines at\n"
    "once, is safe. The text of an applied migration is remembered; another text under the same\n"
    "number is refused.\n"
    "\n"
    "The database of the pipeline file must exist; its user must own it and may create roles\n"
    "(CREATE ROLE sluice LOGIN CREATEROLE; CREATE DATABASE sluice OWNER sluice). The first run\n"
    "makes the roles sluice_loader, sluice_admin, sluice_reader and sluice_views where they are\n"
    "missing. docs/SCHEMA.md describes the tables and how a reader gets access.\n"
    "\n"
    "Options:\n"
    "  --status   list every migration as applied or pending\n"
    "  --dry-run  say what would be applied and change nothing\n"
    "  -p FILE    the pipeline file; key database\n"
    "\n"
    "Example: apply in a release script only when something is pending\n"
    "  sluice migrate --status || sluice migrate\n"
    "\n"
    "Exit codes: 0 done (--status: nothing pending), 1 failed (--status: something pending),\n"
    "2 usage or invalid pipeline file.\n";

static void print_applied(void *context, const char *name, int64_t took_ms)
{
    int *count = context;
    ++*count;
    printf("applied %s (%" PRId64 " ms)\n", name, took_ms);
    (void)fflush(stdout);
}

static void print_status(void *context, const char *name, bool pending)
{
    int *count = context;
    *count += pending;
    printf("%-8s %s\n", pending ? "pending" : "applied", name);
}

static void print_pending(void *context, const char *name, bool pending)
{
    int *count = context;
    *count += pending;
    if (pending)
        printf("would apply %s\n", name);
}

enum mode { MODE_APPLY, MODE_STATUS, MODE_DRY_RUN };

static enum rc migrate(PGconn *connection, enum mode mode, int *count_out, struct err *err)
{
    switch (mode) {
    case MODE_STATUS:
        return migrate_list(connection, print_status, count_out, err);
    case MODE_DRY_RUN:
        return migrate_list(connection, print_pending, count_out, err);
    case MODE_APPLY:
        break;
    }
    return migrate_apply(connection, print_applied, count_out, err);
}

static int run_mode(const char *url, enum mode mode)
{
    struct err err;
    PGconn *connection = NULL;
    int count = 0;
    enum rc rc = database_open(url, "migrate", NULL, &connection, &err);
    if (rc == RC_OK)
        rc = migrate(connection, mode, &count, &err);
    database_close(&connection);
    if (rc != RC_OK)
        return cli_fail(&cli_migrate, &err);
    if (count == 0 && mode != MODE_STATUS)
        (void)fputs("the schema is up to date\n", stderr);
    return mode == MODE_STATUS && count > 0 ? CLI_FAILED : CLI_DONE;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    static const struct option options[] = {{"status", no_argument, NULL, 's'},
                                            {"dry-run", no_argument, NULL, 'n'},
                                            {NULL, 0, NULL, 0}};
    enum mode mode = MODE_APPLY;
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (option != 's' && option != 'n')
            return cli_option_error(&cli_migrate, option, argv);
        if (mode != MODE_APPLY)
            return cli_usage_error(&cli_migrate, "--status and --dry-run exclude each other");
        mode = option == 's' ? MODE_STATUS : MODE_DRY_RUN;
    }
    if (optind < argc)
        return cli_usage_error(&cli_migrate, "unexpected argument \"%s\"", argv[optind]);

    struct pipeline *pipeline = cli_load_pipeline(cli, &cli_migrate);
    if (pipeline == NULL)
        return CLI_USAGE;
    int exit_code = run_mode(pipeline->database_url, mode);
    pipeline_free(&pipeline);
    return exit_code;
}

const struct cli_verb cli_migrate = {
    "migrate", "create or update the tables, roles and views in PostgreSQL", help, run, NULL};
