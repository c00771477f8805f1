#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/shapes.h"
#include "connectors/file_shape.h"
#include "connectors/file_source.h"
#include "lib/limits.h"
#include "lib/zone.h"
#include "transform/channels.h"
#include "transform/ids.h"
#include "transform/reject_line.h"

#define REJECT_BYTES (64 * KIB)
#define NAME_BYTES (4 * KIB)
#define SLUG_MOST_BYTES 99

struct request {
    struct normalizer_conf conf;
    struct channel_account account;
    struct channel_settings settings;
    struct str *own; /* as many as there are arguments at most */
    struct document document;
    const struct map_ops *map; /* NULL: normalizer_new says that there is none */
    const char *account_word;
    const char *path; /* NULL = stdin */
    bool has_summary;
};

struct work {
    const struct request *request;
    struct normalizer *normalizer;
    struct buf line;
    struct json_writer *reject;
    struct progress progress;
    uint64_t faults;                 /* documents that broke off */
    struct buf beginning;            /* of the document, to tell what it is */
    struct normalizer_counts before; /* when the document began */
    struct buf name;                 /* of the document */
};

/* ---- what comes out ---- */

static enum rc write_line(FILE *to, const char *name, struct str line, struct err *err)
{
    if (fwrite(line.p, 1, line.n, to) == line.n && fputc('\n', to) != EOF)
        return RC_OK;
    return err_set(err, RC_FATAL, "cannot write to %s: %s", name, strerror(errno));
}

static enum rc print_record(void *context, const struct record *record, struct err *err)
{
    struct work *work = context;
    buf_reset(&work->line);
    enum rc rc = record_encode(record, &work->line, err);
    return rc == RC_OK ? write_line(stdout, "stdout", buf_peek(&work->line), err) : rc;
}

static enum rc print_reject(void *context, const struct reject *reject, struct err *err)
{
    struct work *work = context;
    progress_clear(&work->progress);
    return write_line(stderr, "stderr", reject_line(work->reject, reject), err);
}

/* ---- documents ---- */

static enum rc begin_document(void *context, const struct file_document *file, struct err *err)
{
    (void)err;
    struct work *work = context;
    struct document document = work->request->document;
    if (str_is_null(document.name))
        document.name = file->name;
    if (document.as_of == TIME_NONE)
        document.as_of = file->changed_at;
    document.is_lines |= file_shape_is_lines(file->name);
    buf_reset(&work->name);
    if (!str_is_null(document.name)) /* the file's is valid only now */
        document.name = buf_add_str(&work->name, document.name) ? buf_peek(&work->name) : STR_NULL;
    buf_reset(&work->beginning);
    normalizer_counts(work->normalizer, &work->before);
    normalizer_begin(work->normalizer, &document);
    return RC_OK;
}

static enum rc feed_document(void *context, const char *bytes, size_t n,
                             const struct file_position *position, struct err *err)
{
    struct work *work = context;
    size_t room = FILE_SHAPE_BYTES - work->beginning.n;
    (void)buf_add(&work->beginning, bytes, n < room ? n : room);
    progress_show(&work->progress, position->read_bytes, position->total_bytes);
    return normalizer_feed(work->normalizer, bytes, n, err);
}

static enum rc print_fault(void *context, struct str place, const char *message, struct err *err)
{
    (void)err;
    struct work *work = context;
    work->faults++;
    progress_clear(&work->progress);
    (void)fprintf(stderr, "sluice normalize: \"%.*s\": %s\n", STR_ARGS(place), message);
    return RC_OK;
}

/* Of a document of which nothing could be read: what it may be. */
static void print_hint(struct work *work)
{
    struct normalizer_counts now;
    const struct request *request = work->request;
    normalizer_counts(work->normalizer, &now);
    if (now.records != work->before.records || now.rejects == work->before.rejects)
        return;
    if (work->beginning.n == 0) {
        (void)fprintf(stderr, "sluice normalize: the input is empty: give a FILE, or redirect one "
                              "to stdin\n");
        return;
    }
    struct buf options;
    buf_init(&options, 1 * KIB);
    if (shapes_guess(buf_peek(&work->beginning), request->map, &options))
        (void)fprintf(stderr, "sluice normalize: this looks like what is read with %.*s\n",
                      STR_ARGS(buf_peek(&options)));
    buf_done(&options);
}

static enum rc end_document(void *context, struct err *err)
{
    struct work *work = context;
    enum rc rc = normalizer_end(work->normalizer, err);
    progress_clear(&work->progress);
    if (rc == RC_OK)
        print_hint(work);
    return rc;
}

static enum rc normalize_file(struct work *work, struct err *err)
{
    const struct request *request = work->request;
    const struct file_sink sink = {begin_document, feed_document, print_fault, end_document, work};
    progress_begin(&work->progress);
    enum rc rc = file_source_read(request->path, request->conf.channel,
                                  str_of(request->map->format), &sink, err);
    progress_clear(&work->progress);
    if (rc == RC_OK && fflush(stdout) != 0)
        rc = err_set(err, RC_FATAL, "cannot write to stdout: %s", strerror(errno));
    return rc;
}

static void print_summary(const struct work *work, const struct normalizer_counts *counts)
{
    bool is_seen = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
    if (!is_seen && !work->request->has_summary)
        return;
    (void)fprintf(stderr, "%" PRIu64 " records, %" PRIu64 " rejected, %" PRIu64 " ignored\n",
                  counts->records, counts->rejects, counts->ignored);
}

static int work_through(struct work *work)
{
    struct err err;
    struct normalizer_counts counts;
    enum rc rc = normalize_file(work, &err);
    int code = rc == RC_OK ? CLI_DONE : cli_fail(&cli_normalize, &err);
    normalizer_counts(work->normalizer, &counts);
    print_summary(work, &counts);
    return counts.rejects > 0 || work->faults > 0 ? CLI_FAILED : code;
}

static int normalize(const struct request *request)
{
    struct err err;
    struct work work = {.request = request, .reject = json_writer_new(REJECT_BYTES)};
    const struct normalizer_sink sink = {print_record, print_reject, &work};
    buf_init(&work.line, LIMIT_RECORD_BYTES);
    buf_init(&work.beginning, FILE_SHAPE_BYTES);
    buf_init(&work.name, NAME_BYTES);
    int code = normalizer_new(&request->conf, &sink, &work.normalizer, &err) == RC_OK
                   ? work_through(&work)
                   : cli_usage_error(&cli_normalize, "%s", err.msg);
    normalizer_free(&work.normalizer);
    buf_done(&work.line);
    buf_done(&work.beginning);
    buf_done(&work.name);
    json_writer_free(&work.reject);
    return code;
}

/* ---- options ---- */

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

/* Without an account the settings still hold for those that the documents name. */
static void complete(struct request *request)
{
    struct normalizer_conf *conf = &request->conf;
    const struct channel *channel = channel_find(conf->channel);
    request->map = channel != NULL ? channel_map(channel, conf->provider, conf->format) : NULL;
    conf->tenant_id = ids_tenant(conf->tenant);
    conf->any_account = true;
    if (request->map == NULL)
        return;
    request->document.source = request->map->source;
    request->settings.own = request->own;
    request->account = (struct channel_account){.account = str_of(request->account_word),
                                                .provider = str_of(request->map->account_provider),
                                                .settings = &request->settings};
    if (request->account_word != NULL)
        request->account.channel_id =
            ids_channel(&conf->tenant_id, request->account.provider, request->account.account);
    conf->accounts = &request->account;
    conf->account_count = 1;
}

/* As in the pipeline file: no record of another tenant is valid. */
static bool is_slug(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return n > 0 && n <= SLUG_MOST_BYTES && text[n] == '\0' && text[0] != '-';
}

static bool is_zone(const char *text)
{
    struct zone *zone = zone_open(str_of(text));
    bool is_known = zone != NULL;
    zone_close(&zone);
    return is_known;
}

static bool is_order(const char *text)
{
    struct str word = str_of(text);
    return str_is(word, "dmy") || str_is(word, "mdy") || str_is(word, "ymd");
}

static bool is_filled(const char *text)
{
    return text[0] != '\0';
}

static bool set_text(struct str *to, const char *text, bool (*is_good)(const char *text))
{
    if (!is_good(text))
        return false;
    *to = str_of(text);
    return true;
}

static bool set_account(struct request *request, const char *text)
{
    request->account_word = text;
    return is_filled(text);
}

static bool add_own(struct request *request, const char *text)
{
    request->own[request->settings.own_count++] = str_of(text);
    return is_filled(text);
}

enum option_id {
    OPTION_CHANNEL = 256, /* beyond what getopt_long returns for letters */
    OPTION_PROVIDER,
    OPTION_FORMAT,
    OPTION_TENANT,
    OPTION_ACCOUNT,
    OPTION_TIMEZONE,
    OPTION_DATE_ORDER,
    OPTION_OWN,
    OPTION_THREAD_PER_CONTACT,
    OPTION_NAME,
    OPTION_AS_OF,
    OPTION_RECEIVED_AT,
    OPTION_OBSERVED_AT,
    OPTION_SENT_FOLDER,
    OPTION_LINES,
    OPTION_SUMMARY
};

static const struct option options[] = {
    {"channel", required_argument, NULL, OPTION_CHANNEL},
    {"provider", required_argument, NULL, OPTION_PROVIDER},
    {"format", required_argument, NULL, OPTION_FORMAT},
    {"tenant", required_argument, NULL, OPTION_TENANT},
    {"account", required_argument, NULL, OPTION_ACCOUNT},
    {"timezone", required_argument, NULL, OPTION_TIMEZONE},
    {"date-order", required_argument, NULL, OPTION_DATE_ORDER},
    {"own", required_argument, NULL, OPTION_OWN},
    {"thread-per-contact", no_argument, NULL, OPTION_THREAD_PER_CONTACT},
    {"name", required_argument, NULL, OPTION_NAME},
    {"as-of", required_argument, NULL, OPTION_AS_OF},
    {"received-at", required_argument, NULL, OPTION_RECEIVED_AT},
    {"observed-at", required_argument, NULL, OPTION_OBSERVED_AT},
    {"sent-folder", no_argument, NULL, OPTION_SENT_FOLDER},
    {"lines", no_argument, NULL, OPTION_LINES},
    {"summary", no_argument, NULL, OPTION_SUMMARY},
    {NULL, 0, NULL, 0},
};

/* false: the value is none that the option takes. */
static bool set_option(struct request *request, int option, const char *value)
{
    struct channel_settings *settings = &request->settings;
    struct document *document = &request->document;
    switch (option) {
    case OPTION_CHANNEL:
        return set_text(&request->conf.channel, value, is_filled);
    case OPTION_PROVIDER:
        return set_text(&request->conf.provider, value, is_filled);
    case OPTION_FORMAT:
        return set_text(&request->conf.format, value, is_filled);
    case OPTION_TENANT:
        return set_text(&request->conf.tenant, value, is_slug);
    case OPTION_ACCOUNT:
        return set_account(request, value);
    case OPTION_TIMEZONE:
        return set_text(&settings->timezone, value, is_zone);
    case OPTION_DATE_ORDER:
        return set_text(&settings->date_order, value, is_order);
    case OPTION_OWN:
        return add_own(request, value);
    case OPTION_NAME:
        return set_text(&document->name, value, is_filled);
    case OPTION_AS_OF:
        return clock_parse(str_of(value), &document->as_of);
    case OPTION_RECEIVED_AT:
        return clock_parse(str_of(value), &document->received_at);
    case OPTION_OBSERVED_AT:
        return clock_parse(str_of(value), &document->observed_at);
    case OPTION_THREAD_PER_CONTACT:
        return settings->thread_per_contact = true;
    case OPTION_SENT_FOLDER:
        return document->is_sent_folder = true;
    case OPTION_LINES:
        return document->is_lines = true;
    default:
        return request->has_summary = true;
    }
}

static int refuse_value(int option, const char *name, const char *value)
{
    const char *expected = "a text that is not empty";
    if (option == OPTION_TENANT)
        expected = "lower-case letters, digits and dashes";
    else if (option == OPTION_TIMEZONE)
        expected = "an IANA time zone such as America/Bogota";
    else if (option == OPTION_DATE_ORDER)
        expected = "dmy, mdy or ymd";
    else if (option >= OPTION_AS_OF && option <= OPTION_OBSERVED_AT)
        expected = "a time such as 2026-03-01T12:00:00Z";
    return cli_usage_error(&cli_normalize, "--%s takes %s, found \"%s\"", name, expected, value);
}

/* CLI_DONE: the request is complete. */
static int read_options(int argc, char **argv, struct request *request)
{
    int option;
    int index = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, &index)) != -1) {
        if (option < OPTION_CHANNEL)
            return cli_option_error(&cli_normalize, option, argv);
        if (!set_option(request, option, optarg))
            return refuse_value(option, options[index].name, optarg);
    }
    if (str_is_null(request->conf.channel))
        return list_channels("--channel is missing");
    if (argc - optind > 1)
        return cli_usage_error(&cli_normalize, "one FILE at a time; unexpected \"%s\"",
                               argv[optind + 1]);
    if (optind < argc && strcmp(argv[optind], "-") != 0)
        request->path = argv[optind];
    complete(request);
    return CLI_DONE;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    (void)cli;
    struct request request = {.conf = {.tenant = STR_LIT("default")},
                              .own = xcalloc((size_t)argc, sizeof *request.own),
                              .document = document_at(clock_now_us(), SOURCE_FILE)};
    int code = read_options(argc, argv, &request);
    if (code == CLI_DONE)
        code = normalize(&request);
    free(request.own);
    return code;
}

const struct cli_verb cli_normalize = {
    "normalize", "turn raw bytes of a channel into canonical records, without database or bus",
    "Usage: sluice normalize --channel CHANNEL [OPTION...] [FILE]\n"
    "\n"
    "Reads what a platform sends or exports from FILE (or stdin) and prints one canonical record\n"
    "a line: what the pipeline would put on its bus. Nothing is stored or sent. FILE may be gzip,\n"
    "or a zip archive, of which the entries that the format is found in are read. A part that\n"
    "cannot be read becomes one line on stderr with its path, byte offset and reason; the rest is\n"
    "printed all the same, and the exit code is 1.\n"
    "\n"
    "  --channel CHANNEL    one of those below\n"
    "  --provider PROVIDER  who delivered it; default: the channel's first\n"
    "  --format FORMAT      the shape of the bytes; default: the provider's first\n"
    "  --tenant SLUG        whose records they are; default \"default\"\n"
    "  --account ACCOUNT    the account of traffic that names none; one that the document names\n"
    "                       counts instead (WhatsApp: metadata.phone_number_id)\n"
    "  --timezone ZONE      IANA name, of times that carry none\n"
    "  --own WHO            who writes for the business: a mail address or @domain, a Telegram\n"
    "                       user id, a name in an exported chat; may be given again\n"
    "  --date-order ORDER   dmy, mdy or ymd, of exported chats; default: found out\n"
    "  --name NAME          the file's name, where it tells something and FILE does not: a chat's\n"
    "                       title, or the other side's telephone number\n"
    "  --as-of TIME         when the file was exported; default: its time of change\n"
    "  --received-at TIME   mail: when the mailbox got it\n"
    "  --sent-folder        mail: it was found among the sent ones\n"
    "  --thread-per-contact mail: one mail answered by many is many threads\n"
    "  --lines              JSON Lines: every line is a document of its own, as in a file whose\n"
    "                       name ends in .jsonl or .ndjson\n"
    "  --observed-at TIME   when it was received, RFC 3339; default now\n"
    "  --summary            a line with the counts on stderr at the end, also where that is no\n"
    "                       terminal\n",
    run, shapes_print};
