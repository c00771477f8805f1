#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "lib/arena.h"
#include "lib/log.h"
#include "lib/suggest.h"

#define DEFAULT_PIPELINE "pipelines/quickstart.yaml"

static const struct cli_verb *const verbs[] = {
    &cli_run,    &cli_receive,   &cli_pull,    &cli_backfill, &cli_load,
    &cli_rollup, &cli_normalize, &cli_migrate, &cli_check,    &cli_status,
};
#define VERBS (sizeof verbs / sizeof *verbs)

static const char about[] =
    "sluice takes customer conversations out of channels, puts canonical records on a bus,\n"
    "loads them into PostgreSQL exactly once and computes daily analytics.\n"
    "\n"
    "Usage: sluice [-p FILE] VERB [OPTION...]\n"
    "\n"
    "Verbs:\n";

static const char options[] =
    "\n"
    "Options for every verb:\n"
    "  -p, --pipeline FILE  the pipeline file; default $SLUICE_PIPELINE, else\n"
    "                       " DEFAULT_PIPELINE "\n"
    "  -h, --help           what the verb does, its options, an example\n"
    "      --version        print the version\n"
    "\n"
    "Environment:\n"
    "  SLUICE_PIPELINE      the pipeline file when -p is not given\n"
    "  SLUICE_LOG           debug, info (default), warn or error\n"
    "\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage or invalid pipeline file.\n"
    "Begin with: sluice check --offline, then sluice migrate, sluice check, sluice run.\n";

static int print_overview(FILE *out, int code)
{
    (void)fputs(about, out);
    for (size_t i = 0; i < VERBS; i++)
        (void)fprintf(out, "  %-10s %s\n", verbs[i]->name, verbs[i]->summary);
    (void)fprintf(out, "  %-10s %s\n", "help VERB", "print the help of a verb");
    (void)fputs(options, out);
    return code;
}

static int print_help(const struct cli_verb *verb)
{
    (void)fputs(verb->help, stdout);
    if (verb->print_more != NULL)
        verb->print_more(stdout);
    return fflush(stdout) == 0 && !ferror(stdout) ? CLI_DONE : CLI_FAILED;
}

static const struct cli_verb *find_verb(const char *name)
{
    for (size_t i = 0; i < VERBS; i++)
        if (strcmp(verbs[i]->name, name) == 0)
            return verbs[i];
    return NULL;
}

static int refuse_verb(const char *name)
{
    struct suggest suggest = suggest_begin(str_of(name));
    for (size_t i = 0; i < VERBS; i++)
        suggest_offer(&suggest, verbs[i]->name);
    (void)fprintf(stderr, "sluice: there is no verb \"%s\"", name);
    if (suggest.best != NULL)
        (void)fprintf(stderr, "; did you mean \"%s\"?", suggest.best);
    (void)fprintf(stderr, "\nTry \"sluice --help\".\n");
    return CLI_USAGE;
}

static int refuse(const char *what, const char *text)
{
    (void)fprintf(stderr, "sluice: %s%s\nTry \"sluice --help\".\n", what, text);
    return CLI_USAGE;
}

/* What main found before it knows the verb. */
struct line {
    struct cli cli;
    char **args; /* without the global options: the verb and what follows */
    int count;
    bool help, version;
};

/* Takes "-p FILE", "-pFILE", "--pipeline FILE" and "--pipeline=FILE" at argv[*i]; false: another
 * word. */
static bool take_pipeline(struct line *line, char **argv, int *i)
{
    static const char name[] = "--pipeline";
    const size_t n = sizeof name - 1;
    const char *arg = argv[*i];
    if (strcmp(arg, "-p") == 0 || strcmp(arg, name) == 0)
        line->cli.pipeline_path = argv[*i + 1] != NULL ? argv[++*i] : "";
    else if (strncmp(arg, "-p", 2) == 0)
        line->cli.pipeline_path = arg + 2;
    else if (strncmp(arg, name, n) == 0 && arg[n] == '=')
        line->cli.pipeline_path = arg + n + 1;
    else
        return false;
    return true;
}

static void sort_out(struct line *line, int argc, char **argv)
{
    bool ended = false; /* by "--": the rest belongs to the verb */
    for (int i = 1; i < argc; i++) {
        ended = ended || strcmp(argv[i], "--") == 0;
        if (!ended && take_pipeline(line, argv, &i))
            continue;
        if (!ended && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0))
            line->help = true;
        else if (!ended && strcmp(argv[i], "--version") == 0)
            line->version = true;
        else
            line->args[line->count++] = argv[i];
    }
    line->args[line->count] = NULL;
}

static const char *default_pipeline(void)
{
    const char *path = getenv("SLUICE_PIPELINE");
    return path != NULL && path[0] != '\0' ? path : DEFAULT_PIPELINE;
}

static int run_verb(const struct line *line)
{
    const struct cli_verb *verb = find_verb(line->args[0]);
    if (verb == NULL)
        return refuse_verb(line->args[0]);
    if (line->help)
        return print_help(verb);
    log_init(verb->name);
    return verb->run(&line->cli, line->count, line->args);
}

static int run_help(const struct line *line)
{
    if (line->count == 1)
        return print_overview(stdout, CLI_DONE);
    const struct cli_verb *verb = find_verb(line->args[1]);
    return verb != NULL ? print_help(verb) : refuse_verb(line->args[1]);
}

static int dispatch(const struct line *line)
{
    if (line->version)
        return printf("sluice " SLUICE_VERSION "\n") > 0 ? CLI_DONE : CLI_FAILED;
    if (line->cli.pipeline_path[0] == '\0')
        return refuse("-p needs the name of a pipeline file", "");
    if (line->count == 0)
        return line->help ? print_overview(stdout, CLI_DONE) : print_overview(stderr, CLI_USAGE);
    if (strcmp(line->args[0], "help") == 0)
        return run_help(line);
    if (line->args[0][0] == '-')
        return refuse("there is no option ", line->args[0]);
    return run_verb(line);
}

int main(int argc, char **argv)
{
    struct line line = {
        .cli = {.program = argc > 0 ? argv[0] : "sluice", .pipeline_path = default_pipeline()},
        .args = xcalloc((size_t)argc + 1, sizeof *line.args)};
    sort_out(&line, argc, argv);
    int code = dispatch(&line);
    free(line.args);
    return code;
}
