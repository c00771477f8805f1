#include "cli/cli.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pipelines/pipeline.h"

int cli_usage_error(const struct cli_verb *verb, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fprintf(stderr, "sluice %s: ", verb->name);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fprintf(stderr, "\nTry \"sluice %s --help\".\n", verb->name);
    return CLI_USAGE;
}

int cli_option_error(const struct cli_verb *verb, int option, char **argv)
{
    const char *word = argv[optind - 1];
    if (option == ':')
        return cli_usage_error(verb, "option \"%s\" needs a value", word);
    if (optopt == 0)
        return cli_usage_error(verb, "there is no option \"%s\"", word);
    if (strncmp(word, "--", 2) == 0 && strchr(word, '=') != NULL)
        return cli_usage_error(verb, "option \"%s\" takes no value", word);
    return cli_usage_error(verb, "there is no option \"-%c\"", optopt);
}

int cli_fail(const struct cli_verb *verb, const struct err *err)
{
    (void)fprintf(stderr, "sluice %s: %s\n", verb->name, err->msg);
    if (err->rc == RC_RETRY)
        (void)fprintf(stderr, "\"sluice check\" says which services are away.\n");
    return CLI_FAILED;
}

static void print_fault(void *context, const char *message)
{
    (void)fprintf(context, "%s\n", message);
}

struct pipeline *cli_load_pipeline(const struct cli *cli, const struct cli_verb *verb)
{
    struct pipeline *pipeline = NULL;
    struct err err;
    if (pipeline_load(cli->pipeline_path, print_fault, stderr, &pipeline, &err) == RC_OK)
        return pipeline;
    (void)fprintf(stderr, "sluice %s: pipeline file: %s\n", verb->name, err.msg);
    return NULL;
}
