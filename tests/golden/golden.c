/* golden CHANNEL FOLDER FILE...: what each file gives, read as the folder's samples are, and "---"
 * after each: for mutations.py.
 * golden CHANNEL FOLDER: every sample of the folder gives its .gold, byte for byte, fed whole and
 * in pieces of 1 to 31 bytes. With UPDATE_GOLD=1 the .gold files are rewritten instead; read their
 * diff. A .gold holds the records, one a line, then the rejects as reject_line writes them.
 * The folder's file "options", if any, says how its samples are read, a "word value" a line:
 * provider, format, account, timezone, date_order, own (repeated), api_sender, thread_per_contact,
 * reused_id_domain (repeated), as_of, received_at, sent_folder, name, label (repeated), lines. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/limits.h"
#include "transform/channels.h"
#include "transform/ids.h"
#include "transform/reject_line.h"

#define OBSERVED_AT STR_LIT("2026-03-01T12:00:00Z")
#define TENANT STR_LIT("acme")
#define LARGEST_PIECE 31
#define OUTPUT_BYTES (256 * MIB)
#define OPTION_LIST_MOST 16

struct golden {
    struct normalizer_conf conf;
    struct normalizer *normalizer;
    struct json_writer *writer;
    struct buf records, rejects;
    struct document document;
    struct channel_settings settings;
    struct channel_account account;
    struct str own[OPTION_LIST_MOST], reused[OPTION_LIST_MOST], labels[OPTION_LIST_MOST];
    struct arena *arena; /* of the options */
    int samples, failures;
    bool update;
};

static void die(const char *what, const char *name)
{
    (void)fprintf(stderr, "golden: %s %s: %s\n", what, name, strerror(errno));
    exit(1);
}

static enum rc keep_record(void *context, const struct record *record, struct err *err)
{
    struct golden *golden = context;
    struct buf line;
    buf_init(&line, LIMIT_RECORD_BYTES);
    enum rc rc = record_encode(record, &line, err);
    (void)buf_add_str(&golden->records, buf_peek(&line));
    (void)buf_add_text(&golden->records, "\n");
    buf_done(&line);
    return rc;
}

static enum rc keep_reject(void *context, const struct reject *reject, struct err *err)
{
    (void)err;
    struct golden *golden = context;
    (void)buf_add_str(&golden->rejects, reject_line(golden->writer, reject));
    (void)buf_add_text(&golden->rejects, "\n");
    return RC_OK;
}

static void read_file(const char *path, bool must_exist, struct buf *bytes)
{
    buf_reset(bytes);
    FILE *file = fopen(path, "re");
    if (file == NULL && !must_exist)
        return;
    if (file == NULL)
        die("cannot read", path);
    char piece[4096];
    size_t n;
    while ((n = fread(piece, 1, sizeof piece, file)) > 0)
        (void)buf_add(bytes, piece, n);
    (void)fclose(file);
}

static void write_file(const char *path, struct str text)
{
    FILE *file = fopen(path, "we");
    if (file == NULL || fwrite(text.p, 1, text.n, file) != text.n || fclose(file) != 0)
        die("cannot write", path);
}

/* Records and rejects of the sample, fed in pieces of the given size; 0 = whole. */
static struct str normalize(struct golden *golden, struct str sample, size_t piece)
{
    struct err err = {.msg = ""};
    buf_reset(&golden->records);
    buf_reset(&golden->rejects);
    normalizer_begin(golden->normalizer, &golden->document);
    enum rc rc = RC_OK;
    for (size_t at = 0; at < sample.n && rc == RC_OK;) {
        size_t n = piece == 0 || sample.n - at < piece ? sample.n - at : piece;
        char *copy = xmalloc(n); /* its own block, so that reading beyond a piece is seen */
        memcpy(copy, sample.p + at, n);
        rc = normalizer_feed(golden->normalizer, copy, n, &err);
        free(copy);
        at += n;
    }
    if (rc == RC_OK)
        rc = normalizer_end(golden->normalizer, &err);
    if (rc != RC_OK)
        (void)buf_printf(&golden->rejects, "failed: %s\n", err.msg);
    (void)buf_add_str(&golden->records, buf_peek(&golden->rejects));
    return buf_peek(&golden->records);
}

static void complain(struct golden *golden, const char *name, size_t piece, struct str found,
                     struct str expected)
{
    size_t at = 0;
    while (at < found.n && at < expected.n && found.p[at] == expected.p[at])
        at++;
    size_t from = at < 40 ? 0 : at - 40;
    (void)fprintf(stderr,
                  "%s, pieces of %zu: differs at byte %zu\n  expected ...%.*s\n  found    "
                  "...%.*s\n",
                  name, piece, at, (int)(expected.n - from < 120 ? expected.n - from : 120),
                  expected.p + from, (int)(found.n - from < 120 ? found.n - from : 120),
                  found.p + from);
    golden->failures++;
}

static void check_pieces(struct golden *golden, const char *name, struct str sample,
                         struct str expected)
{
    for (size_t piece = 0; piece <= LARGEST_PIECE; piece++) {
        struct str found = normalize(golden, sample, piece);
        if (!str_equal(found, expected)) {
            complain(golden, name, piece, found, expected);
            return;
        }
    }
}

static void check_sample(struct golden *golden, const char *folder, const char *name)
{
    char path[4096];
    char gold_path[4096];
    size_t stem = (size_t)(strrchr(name, '.') - name);
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    (void)snprintf(gold_path, sizeof gold_path, "%s/%.*s.gold", folder, (int)stem, name);
    struct buf sample;
    struct buf gold;
    buf_init(&sample, LIMIT_BODY_MOST_BYTES);
    buf_init(&gold, OUTPUT_BYTES);
    read_file(path, true, &sample);
    if (golden->update)
        write_file(gold_path, normalize(golden, buf_peek(&sample), 0));
    read_file(gold_path, false, &gold);
    check_pieces(golden, name, buf_peek(&sample), buf_peek(&gold));
    golden->samples++;
    buf_done(&sample);
    buf_done(&gold);
}

static void print_file(struct golden *golden, const char *path)
{
    struct buf bytes;
    buf_init(&bytes, LIMIT_BODY_MOST_BYTES);
    read_file(path, true, &bytes);
    struct str text = normalize(golden, buf_peek(&bytes), 0);
    (void)fwrite(text.p, 1, text.n, stdout);
    (void)puts("---");
    buf_done(&bytes);
}

static int is_sample(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return entry->d_name[0] != '.' && dot != NULL && strcmp(dot, ".gold") != 0 &&
           strcmp(dot, ".md") != 0 && strcmp(dot, ".tsv") != 0 &&
           strcmp(entry->d_name, "mutations.json") != 0;
}

static void check_folder(struct golden *golden, const char *folder)
{
    struct dirent **entries = NULL;
    int n = scandir(folder, &entries, is_sample, alphasort);
    if (n < 0)
        die("cannot list", folder);
    for (int i = 0; i < n; i++) {
        check_sample(golden, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

/* ---- options ---- */

static void add_to(struct str *list, size_t *count, struct str value)
{
    if (*count == OPTION_LIST_MOST)
        die("too many values of", "options");
    list[(*count)++] = value;
}

static void set_time(int64_t *to, struct str value)
{
    if (!clock_parse(value, to))
        die("bad time in", "options");
}

static void set_option(struct golden *golden, struct str word, struct str value)
{
    struct channel_settings *settings = &golden->settings;
    if (str_is(word, "provider"))
        golden->conf.provider = value;
    else if (str_is(word, "format"))
        golden->conf.format = value;
    else if (str_is(word, "account"))
        golden->account.account = value;
    else if (str_is(word, "timezone"))
        settings->timezone = value;
    else if (str_is(word, "date_order"))
        settings->date_order = value;
    else if (str_is(word, "own"))
        add_to(golden->own, &settings->own_count, value);
    else if (str_is(word, "api_sender"))
        settings->api_sender = value;
    else if (str_is(word, "thread_per_contact"))
        settings->thread_per_contact = str_is(value, "true");
    else if (str_is(word, "reused_id_domain"))
        add_to(golden->reused, &settings->reused_id_domain_count, value);
    else if (str_is(word, "as_of"))
        set_time(&golden->document.as_of, value);
    else if (str_is(word, "received_at"))
        set_time(&golden->document.received_at, value);
    else if (str_is(word, "sent_folder"))
        golden->document.is_sent_folder = str_is(value, "true");
    else if (str_is(word, "lines"))
        golden->document.is_lines = str_is(value, "true");
    else if (str_is(word, "name"))
        golden->document.name = value;
    else if (str_is(word, "label"))
        add_to(golden->labels, &golden->document.label_count, value);
    else
        die("unknown option", word.p);
}

static void read_options(struct golden *golden, const char *folder)
{
    char path[4096];
    struct buf text;
    (void)snprintf(path, sizeof path, "%s/options", folder);
    buf_init(&text, LIMIT_BODY_MOST_BYTES);
    read_file(path, false, &text);
    struct str rest = arena_str(golden->arena, buf_peek(&text));
    buf_done(&text);
    while (rest.n > 0) {
        const char *end = memchr(rest.p, '\n', rest.n);
        size_t line = end != NULL ? (size_t)(end - rest.p) : rest.n;
        const char *space = memchr(rest.p, ' ', line);
        if (space == NULL)
            die("expected \"word value\" in", path);
        size_t word = (size_t)(space - rest.p);
        set_option(golden, arena_str(golden->arena, (struct str){rest.p, word}),
                   (struct str){space + 1, line - word - 1});
        rest.p += line + (end != NULL);
        rest.n -= line + (end != NULL);
    }
}

static void configure(struct golden *golden, const char *channel_word, const char *folder)
{
    int64_t observed_at;
    const struct channel *channel = channel_find(str_of(channel_word));
    if (channel == NULL || !clock_parse(OBSERVED_AT, &observed_at))
        die("no channel", channel_word);
    golden->conf = (struct normalizer_conf){
        .channel = str_of(channel_word), .tenant = TENANT, .any_account = true};
    golden->conf.tenant_id = ids_tenant(TENANT);
    golden->document = document_at(observed_at, SOURCE_WEBHOOK);
    golden->settings.own = golden->own;
    golden->settings.reused_id_domains = golden->reused;
    golden->document.labels = golden->labels;
    read_options(golden, folder);
    const struct map_ops *map = channel_map(channel, golden->conf.provider, golden->conf.format);
    if (map == NULL)
        die("no such provider or format in", folder);
    golden->document.source = map->source;
    if (str_is_null(golden->account.account))
        return;
    golden->account.provider = str_of(map->account_provider);
    golden->account.channel_id =
        ids_channel(&golden->conf.tenant_id, golden->account.provider, golden->account.account);
    golden->account.settings = &golden->settings;
    golden->conf.accounts = &golden->account;
    golden->conf.account_count = 1;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        (void)fprintf(stderr, "usage: golden CHANNEL FOLDER [FILE...]\n");
        return 2;
    }
    struct golden golden = {.update = getenv("UPDATE_GOLD") != NULL};
    golden.arena = arena_new("options", MIB);
    buf_init(&golden.records, OUTPUT_BYTES);
    buf_init(&golden.rejects, OUTPUT_BYTES);
    golden.writer = json_writer_new(LIMIT_RECORD_BYTES);
    configure(&golden, argv[1], argv[2]);
    const struct normalizer_sink sink = {keep_record, keep_reject, &golden};
    struct err err;
    if (normalizer_new(&golden.conf, &sink, &golden.normalizer, &err) != RC_OK)
        die(err.msg, argv[2]);
    for (int i = 3; i < argc; i++)
        print_file(&golden, argv[i]);
    if (argc == 3)
        check_folder(&golden, argv[2]);
    normalizer_free(&golden.normalizer);
    json_writer_free(&golden.writer);
    arena_free(&golden.arena);
    buf_done(&golden.records);
    buf_done(&golden.rejects);
    if (argc == 3)
        printf("%d samples, %d failed\n", golden.samples, golden.failures);
    return argc == 3 && (golden.failures > 0 || golden.samples == 0);
}
