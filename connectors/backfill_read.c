#include "connectors/backfill_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "connectors/file_shape.h"
#include "connectors/file_source.h"
#include "connectors/imap_name.h"
#include "lib/arena.h"

#define TEXTS_BYTES (64 * KIB)
#define MESSAGE_BYTES 512
#define PATH_BYTES 4096
#define SECONDS_MOST INT64_C(10000000000)

enum stage { LOOKING, READING, REFUSED };

struct reading {
    const struct file_item *item;
    const struct backfill_read_conf *conf;
    struct publisher *publisher;
    struct backfill_read *read;
    struct arena *texts;  /* of the document */
    struct buf beginning; /* of the document, while it is looked at */
    enum stage stage;
    struct publish_document document;
    struct str place;
    const char *mail;       /* of a folder: the one being read */
    int64_t finished_bytes; /* of the mails before */
    uint64_t number;        /* of the document */
};

/* ---- faults ---- */

static void fault(struct reading *reading, struct str place, const char *message)
{
    reading->read->faults++;
    reading->conf->fault(reading->conf->context, place, message);
}

/* ---- what a document is ---- */

static const struct {
    const char *channel, *provider, *format;
} usual[] = {
    {"whatsapp", "whatsapp_cloud", "export"},
    {"telegram", "telegram_bot", "export"},
    {"email", "mime", "message"},
    {"b2chat", "b2chat", "export"},
    {"webchat", "custom", "webhook"},
    {"canonical", "custom", "lines"},
};

static size_t usual_of(const char *channel)
{
    size_t i = 0;
    while (i + 1 < sizeof usual / sizeof *usual && strcmp(usual[i].channel, channel) != 0)
        i++;
    return i;
}

const char *backfill_read_format(const char *channel)
{
    return usual[usual_of(channel)].format;
}

static bool needs_zone(const char *channel, struct str format)
{
    return strcmp(channel, "b2chat") == 0 ||
           (strcmp(channel, "whatsapp") == 0 && str_is(format, "export"));
}

static void refuse(struct reading *reading, const char *message)
{
    reading->stage = REFUSED;
    fault(reading, reading->place, message);
}

static void refuse_shape(struct reading *reading, const struct file_shape *shape)
{
    char message[MESSAGE_BYTES];
    const struct connector *connector = reading->conf->connector;
    if (shape->channel == NULL)
        (void)snprintf(message, sizeof message, "this is %s, which no channel reads: %s",
                       shape->what, shape->advice);
    else
        (void)snprintf(message, sizeof message,
                       "this is %s, and connector \"%s\" is of channel %s: give it to a connector "
                       "of channel %s",
                       shape->what, connector->name, connector->channel, shape->channel);
    refuse(reading, message);
}

static void refuse_zone(struct reading *reading)
{
    char message[MESSAGE_BYTES];
    (void)snprintf(message, sizeof message,
                   "its times carry no zone: add the one of their clocks to connector \"%s\" in "
                   "the pipeline file, such as \"timezone: America/Bogota\"",
                   reading->conf->connector->name);
    refuse(reading, message);
}

/* What was found in a folder and is nothing that is known is left alone. */
static bool is_known(struct reading *reading, const struct file_shape *shape)
{
    if (shape != NULL || !reading->item->is_found || reading->item->mails != NULL ||
        !str_is_null(reading->conf->format))
        return true;
    reading->read->left_out++;
    reading->stage = REFUSED;
    return false;
}

static void choose_map(struct reading *reading, const struct file_shape *shape)
{
    size_t i = usual_of(reading->conf->connector->channel);
    struct publish_document *document = &reading->document;
    bool is_email = strcmp(usual[i].channel, "email") == 0;
    document->provider = is_email ? str_of(usual[i].provider) : STR_NULL;
    document->format = reading->conf->format;
    if (str_is_null(document->format))
        document->format = str_of(shape != NULL ? shape->format : usual[i].format);
}

static enum rc begin_reading(struct reading *reading, struct err *err)
{
    struct str beginning = buf_peek(&reading->beginning);
    const char *channel = reading->conf->connector->channel;
    const struct file_shape *shape = file_shape_guess(beginning);
    if (!is_known(reading, shape))
        return RC_OK;
    if (shape != NULL && (shape->channel == NULL || strcmp(shape->channel, channel) != 0)) {
        refuse_shape(reading, shape);
        return RC_OK;
    }
    choose_map(reading, shape);
    if (needs_zone(channel, reading->document.format) &&
        str_is_null(reading->conf->connector->settings.timezone)) {
        refuse_zone(reading);
        return RC_OK;
    }
    reading->stage = READING;
    enum rc rc = publish_begin(reading->publisher, &reading->document, err);
    if (rc == RC_OK)
        rc = publish_feed(reading->publisher, beginning.p, beginning.n, err);
    return rc;
}

/* ---- documents as the file gives them ---- */

static bool is_sent_folder(struct reading *reading, struct str name)
{
    static const char *const endings[] = {".mbox", ".mbx"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t n = strlen(endings[i]);
        if (name.n > n && memcmp(name.p + name.n - n, endings[i], n) == 0)
            name.n -= n;
    }
    struct str encoded = imap_name_encode(reading->texts, name);
    return !str_is_null(encoded) && imap_name_is_sent(encoded, '.');
}

static struct str base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return str_of(slash != NULL ? slash + 1 : path);
}

/* A Maildir names its mails by the second in which they came. */
static int64_t maildir_time(const char *mail)
{
    struct str name = base_of(mail);
    char *end;
    long long seconds = strtoll(name.p, &end, 10);
    bool is_in_maildir = strncmp(mail, "cur/", 4) == 0 || strncmp(mail, "new/", 4) == 0;
    bool is_time =
        is_in_maildir && end != name.p && *end == '.' && seconds > 0 && seconds < SECONDS_MOST;
    return is_time ? seconds * US_PER_SECOND : TIME_NONE;
}

static enum rc begin_document(void *context, const struct file_document *file, struct err *err)
{
    (void)err;
    struct reading *reading = context;
    arena_reset(reading->texts);
    buf_reset(&reading->beginning);
    reading->stage = LOOKING;
    reading->place = arena_str(reading->texts, file->place);
    struct publish_document *document = &reading->document;
    *document = (struct publish_document){
        .about = document_at(reading->conf->observed_at, SOURCE_FILE),
        .origin = arena_printf(reading->texts, "file/%.*s", STR_ARGS(file->place)),
        .key = arena_str(reading->texts, file->name),
        .mark = ++reading->number};
    document->about.as_of = file->changed_at;
    document->about.name = document->key;
    document->about.is_lines = file_shape_is_lines(file->name);
    document->about.is_sent_folder =
        is_sent_folder(reading, reading->mail != NULL ? base_of(reading->item->path) : file->name);
    if (reading->mail != NULL)
        document->about.received_at = maildir_time(reading->mail);
    return RC_OK;
}

static enum rc feed_document(void *context, const char *bytes, size_t n,
                             const struct file_position *position, struct err *err)
{
    struct reading *reading = context;
    enum rc rc = RC_OK;
    reading->conf->moved(reading->conf->context, reading->finished_bytes + position->read_bytes);
    if (reading->stage == LOOKING) {
        size_t room = FILE_SHAPE_BYTES - reading->beginning.n;
        size_t taken = n < room ? n : room;
        (void)buf_add(&reading->beginning, bytes, taken);
        bytes += taken;
        n -= taken;
        if (reading->beginning.n == FILE_SHAPE_BYTES)
            rc = begin_reading(reading, err);
    }
    if (rc == RC_OK && reading->stage == READING && n > 0)
        rc = publish_feed(reading->publisher, bytes, n, err);
    return rc;
}

static enum rc end_document(void *context, struct err *err)
{
    struct reading *reading = context;
    enum rc rc = RC_OK;
    if (reading->stage == LOOKING && reading->beginning.n > 0)
        rc = begin_reading(reading, err);
    if (rc == RC_OK && reading->stage == READING)
        rc = publish_end(reading->publisher, err);
    return rc;
}

static enum rc take_fault(void *context, struct str place, const char *message, struct err *err)
{
    (void)err;
    fault(context, place, message);
    return RC_OK;
}

/* ---- items ---- */

static enum rc read_file(struct reading *reading, const char *path, struct err *err)
{
    const char *channel = reading->conf->connector->channel;
    const struct file_sink sink = {begin_document, feed_document, take_fault, end_document,
                                   reading};
    struct str format = str_is_null(reading->conf->format) ? str_of(backfill_read_format(channel))
                                                           : reading->conf->format;
    return file_source_read(path, str_of(channel), format, &sink, err);
}

/* A mail that cannot be opened takes no other along: mailboxes that are in use rename theirs. */
static enum rc read_mail(struct reading *reading, const char *mail, struct err *err)
{
    char path[PATH_BYTES];
    struct stat about;
    (void)snprintf(path, sizeof path, "%s/%s", reading->item->path, mail);
    reading->mail = mail;
    enum rc rc = read_file(reading, path, err);
    reading->finished_bytes += stat(path, &about) == 0 ? about.st_size : 0;
    if (rc != RC_REJECT)
        return rc;
    fault(reading, str_of(path), err->msg);
    return RC_OK;
}

static enum rc read_item(struct reading *reading, struct err *err)
{
    const struct file_item *item = reading->item;
    if (item->mails == NULL)
        return read_file(reading, item->path, err);
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < item->mail_count; i++)
        rc = read_mail(reading, item->mails[i], err);
    return rc;
}

enum rc backfill_read(const struct file_item *item, const struct backfill_read_conf *conf,
                      struct publisher *publisher, struct backfill_read *read_out, struct err *err)
{
    struct reading reading = {.item = item, .conf = conf, .publisher = publisher, .read = read_out};
    *read_out = (struct backfill_read){0};
    reading.texts = arena_new("document", TEXTS_BYTES);
    buf_init(&reading.beginning, FILE_SHAPE_BYTES);
    enum rc rc = read_item(&reading, err);
    arena_free(&reading.texts);
    buf_done(&reading.beginning);
    return rc;
}
