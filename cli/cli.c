#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>

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

int cli_fail(const struct cli_verb *verb, const struct err *err)
{
    (void)fprintf(stderr, "sluice %s: %s\n", verb->name, err->msg);
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
