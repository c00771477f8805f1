#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "lib/limits.h"
#include "transform/channels.h"
#include "transform/ids.h"
#include "transform/reject_line.h"

#define PIECE_BYTES (64 * KIB)
#define REJECT_BYTES (64 * KIB)
#define SLUG_MOST_BYTES 99

struct request {
    struct normalizer_conf conf;
    struct channel_account account;
    struct channel_settings settings;
    int64_t observed_at;
    enum source_kind source;
    const char *path; /* NULL = stdin */
};

struct output {
    struct buf line;
    struct json_writer *reject;
    uint64_t rejects;
};

static enum rc write_line(FILE *to, const char *name, struct str line, struct err *err)
{
    if (fwrite(line.p, 1, line.n, to) == line.n && fputc('\n', to) != EOF)
        return RC_OK;
    return err_set(err, RC_FATAL, "cannot write to %s: %s", name, strerror(errno));
}

static enum rc print_record(void *context, const struct record *record, struct err *err)
{
    struct output *output = context;
    buf_reset(&output->line);
    enum rc rc = record_encode(record, &output->line, err);
    return rc == RC_OK ? write_line(stdout, "stdout", buf_peek(&output->line), err) : rc;
}

static enum rc print_reject(void *context, const struct reject *reject, struct err *err)
{
    struct output *output = context;
    output->rejects++;
    return write_line(stderr, "stderr", reject_line(output->reject, reject), err);
}

static enum rc feed_file(struct normalizer *normalizer, FILE *file, const char *name,
                         struct err *err)
{
    char *piece = xmalloc(PIECE_BYTES);
    enum rc rc = RC_OK;
    size_t n;
    while (rc == RC_OK && (n = fread(piece, 1, PIECE_BYTES, file)) > 0)
        rc = normalizer_feed(normalizer, piece, n, err);
    if (rc == RC_OK && ferror(file))
        rc = err_set(err, RC_FATAL, "cannot read \"%s\": %s", name, strerror(errno));
    if (rc == RC_OK)
        rc = normalizer_end(normalizer, err);
    free(piece);
    return rc;
}

static enum rc normalize_file(struct normalizer *normalizer, const struct request *request,
                              struct err *err)
{
    const char *name = request->path != NULL ? request->path : "stdin";
    FILE *file = request->path != NULL ? fopen(name, "re") : stdin;
    if (file == NULL)
        return err_set(err, RC_FATAL, "cannot open \"%s\": %s", name, strerror(errno));
    const struct document document = document_at(request->observed_at, request->source);
    normalizer_begin(normalizer, &document);
    enum rc rc = feed_file(normalizer, file, name, err);
    if (file != stdin)
        (void)fclose(file);
    if (rc == RC_OK && fflush(stdout) != 0)
        rc = err_set(err, RC_FATAL, "cannot write to stdout: %s", strerror(errno));
    return rc;
}

static int normalize(const struct request *request)
{
    struct err err;
    struct output output = {.reject = json_writer_new(REJECT_BYTES)};
    const struct normalizer_sink sink = {print_record, print_reject, &output};
    struct normalizer *normalizer = NULL;
    int code = CLI_DONE;
    buf_init(&output.line, LIMIT_RECORD_BYTES);
    if (normalizer_new(&request->conf, &sink, &normalizer, &err) != RC_OK)
        code = cli_usage_error(&cli_normalize, "%s", err.msg);
    else if (normalize_file(normalizer, request, &err) != RC_OK)
        code = cli_fail(&cli_normalize, &err);
    else if (output.rejects > 0)
        code = CLI_FAILED;
    normalizer_free(&normalizer);
    buf_done(&output.line);
    json_writer_free(&output.reject);
    return code;
}

static int list_channels(const char *fact)
{
    struct buf words;
    buf_init(&words, 4 * KIB);
    for (const struct channel *channel = channels; channel->word != NULL; channel++)
        (void)buf_printf(&words, " %s", channel->word);
    int code =
        cli_usage_error(&cli_normalize, "%s; there is:%.*s", fact, STR_ARGS(buf_peek(&words)));
    buf_done(&words);
    return code;
}

/* Who would say that there is no such map is normalizer_new. */
static const struct map_ops *map_of(const struct normalizer_conf *conf)
{
    const struct channel *channel = channel_find(conf->channel);
    return channel != NULL ? channel_map(channel, conf->provider, conf->format) : NULL;
}

static void complete(struct request *request, const char *account)
{
    struct normalizer_conf *conf = &request->conf;
    const struct map_ops *map = map_of(conf);
    conf->tenant_id = ids_tenant(conf->tenant);
    conf->any_account = true;
    request->source = map != NULL ? map->source : SOURCE_FILE;
    if (account == NULL || map == NULL)
        return;
    struct str provider = str_of(map->account_provider);
    request->account = (struct channel_account){
        str_of(account), provider, ids_channel(&conf->tenant_id, provider, str_of(account)),
        &request->settings};
    conf->accounts = &request->account;
    conf->account_count = 1;
}

/* As in the pipeline file: no record of another tenant is valid. */
static bool is_slug(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return n > 0 && n <= SLUG_MOST_BYTES && text[n] == '\0' && text[0] != '-';
}

static int refuse_option(int option, char **argv)
{
    switch (option) {
    case 'o':
        return cli_usage_error(
            &cli_normalize, "--observed-at takes a time such as 2026-03-01T12:00:00Z, found \"%s\"",
            optarg);
    case 't':
        return cli_usage_error(&cli_normalize,
                               "--tenant takes lower-case letters, digits and dashes, found \"%s\"",
                               optarg);
    case 'a':
        return cli_usage_error(&cli_normalize, "--account must not be empty");
    default:
        return cli_option_error(&cli_normalize, option, argv);
    }
}

/* CLI_DONE: the request is complete. */
static int read_options(int argc, char **argv, struct request *request)
{
    static const struct option options[] = {{"channel", required_argument, NULL, 'c'},
                                            {"provider", required_argument, NULL, 'v'},
                                            {"format", required_argument, NULL, 'f'},
                                            {"tenant", required_argument, NULL, 't'},
                                            {"account", required_argument, NULL, 'a'},
                                            {"observed-at", required_argument, NULL, 'o'},
                                            {NULL, 0, NULL, 0}};
    struct normalizer_conf *conf = &request->conf;
    const char *account = NULL;
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (option == 'c')
            conf->channel = str_of(optarg);
        else if (option == 'v')
            conf->provider = str_of(optarg);
        else if (option == 'f')
            conf->format = str_of(optarg);
        else if (option == 't' && is_slug(optarg))
            conf->tenant = str_of(optarg);
        else if (option == 'a' && optarg[0] != '\0')
            account = optarg;
        else if (option == 'o' && clock_parse(str_of(optarg), &request->observed_at))
            continue;
        else
            return refuse_option(option, argv);
    }
    if (str_is_null(conf->channel))
        return list_channels("--channel is missing");
    complete(request, account);
    return CLI_DONE;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    (void)cli;
    struct request request = {.conf = {.tenant = STR_LIT("default")},
                              .observed_at = clock_now_us()};
    int code = read_options(argc, argv, &request);
    if (code != CLI_DONE)
        return code;
    if (argc - optind > 1)
        return cli_usage_error(&cli_normalize, "one FILE at a time; unexpected \"%s\"",
                               argv[optind + 1]);
    if (optind < argc && strcmp(argv[optind], "-") != 0)
        request.path = argv[optind];
    return normalize(&request);
}

const struct cli_verb cli_normalize = {
    "normalize", "turn raw bytes of a channel into canonical records, without database or bus",
    "Usage: sluice normalize --channel CHANNEL [OPTION...] [FILE]\n"
    "\n"
    "Reads one document, as a platform sends it, from FILE (or stdin) and prints one canonical\n"
    "record a line: what the pipeline would put on its bus. Nothing is stored or sent. A part\n"
    "that cannot be read becomes one line on stderr with its path, byte offset and reason; the\n"
    "rest is printed all the same, and the exit code is 1.\n"
    "\n"
    "  --channel CHANNEL   whatsapp: a webhook body of the WhatsApp Cloud API\n"
    "  --provider PROVIDER who delivered it; default: the channel's only one\n"
    "  --format FORMAT     the shape of the document; default: the channel's only one\n"
    "  --tenant SLUG       whose records they are; default \"default\"\n"
    "  --account ACCOUNT   the account of traffic that names none; one that the document names\n"
    "                      counts instead (WhatsApp: metadata.phone_number_id)\n"
    "  --observed-at TIME  when it was received, RFC 3339; default now\n"
    "\n"
    "Example: what comes of a webhook body, and only the texts of it:\n"
    "\n"
    "  sluice normalize --channel whatsapp --tenant acme < body.json\n"
    "  sluice normalize --channel whatsapp body.json | jq -r 'select(.kind==\"message\").text'\n"
    "\n"
    "Exit codes: 0 everything was read, 1 something was rejected or failed, 2 wrong usage.\n",
    run};
