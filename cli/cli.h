/* cli.h: the command line. One file per verb, one table of verbs (main.c).
 *
 * Data goes to stdout, words to stderr. Exit codes: 0 done, 1 failed, 2 usage (an invalid pipeline
 * file included). A verb gets argv with the global options removed: argv[0] is the verb. main has
 * called log_init with the verb's name; a verb that runs until it is stopped calls stop_install. */
#ifndef SLUICE_CLI_CLI_H
#define SLUICE_CLI_CLI_H

#include <stdio.h>

#include "lib/err.h"

enum cli_exit { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

struct cli {
    const char *program;       /* argv[0]: for supervisors that start themselves */
    const char *pipeline_path; /* -p, else $SLUICE_PIPELINE, else pipelines/quickstart.yaml */
};

struct cli_verb {
    const char *name;
    const char *summary; /* one line, for the list of verbs */
    const char *help;    /* the whole text of "sluice VERB --help" */
    int (*run)(const struct cli *cli, int argc, char **argv);
    void (*print_more)(FILE *out); /* after "help": what tables of the program say; NULL: nothing */
};

extern const struct cli_verb cli_run, cli_receive, cli_pull, cli_backfill, cli_load, cli_rollup,
    cli_normalize, cli_migrate, cli_check, cli_status;

/* Prints "sluice VERB: message" and how to get help to stderr; returns CLI_USAGE. */
int cli_usage_error(const struct cli_verb *verb, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Says what is wrong with the option at which getopt_long, called with ":", returned ':' or '?'. */
int cli_option_error(const struct cli_verb *verb, int option, char **argv);
/* Prints "sluice VERB: message" to stderr, and a hint when a service is away; returns CLI_FAILED.
 */
int cli_fail(const struct cli_verb *verb, const struct err *err);

struct pipeline;
/* Loads the pipeline file, printing every fault to stderr; NULL after a fault: return CLI_USAGE. */
struct pipeline *cli_load_pipeline(const struct cli *cli, const struct cli_verb *verb);

#endif
