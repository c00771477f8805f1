#include "connectors/backfill_part.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/arena.h"
#include "lib/digest.h"
#include "lib/hex.h"
#include "transform/jpath.h"
#include "transform/json.h"
#include "transform/text.h"

/* Raised when the same bytes become other records: what was read before is then read again. */
#define READING_VERSION "1"
#define ENDS_BYTES (64 * KIB)
#define TEXT_BYTES 64
#define DIGEST_SHOWN_BYTES 16
#define MARKER_BYTES (16 * KIB)

/* ---- by what an item is known ---- */

static void add_text(struct sha256 *sha256, struct str text)
{
    char size[TEXT_BYTES];
    int n = snprintf(size, sizeof size, "%zu:", str_is_null(text) ? (size_t)0 : text.n + 1);
    sha256_add(sha256, (struct str){size, (size_t)n});
    sha256_add(sha256, str_is_null(text) ? STR_LIT("") : text);
}

static void add_number(struct sha256 *sha256, int64_t number)
{
    char text[TEXT_BYTES];
    (void)snprintf(text, sizeof text, "%" PRId64, number);
    add_text(sha256, str_of(text));
}

static void add_texts(struct sha256 *sha256, const struct str *texts, size_t count)
{
    add_number(sha256, (int64_t)count);
    for (size_t i = 0; i < count; i++)
        add_text(sha256, texts[i]);
}

static void add_settings(struct sha256 *sha256, const struct backfill_conf *conf)
{
    const struct channel_settings *settings = &conf->connector->settings;
    add_text(sha256, STR_LIT(READING_VERSION));
    add_text(sha256, str_of(conf->connector->account));
    add_text(sha256, settings->api_sender);
    add_text(sha256, settings->timezone);
    add_text(sha256, settings->date_order);
    add_texts(sha256, settings->own, settings->own_count);
    add_number(sha256, settings->thread_per_contact);
    add_texts(sha256, settings->reused_id_domains, settings->reused_id_domain_count);
    add_text(sha256, conf->format);
    add_number(sha256, conf->from);
    add_number(sha256, conf->to);
}

static enum rc add_bytes_at(struct sha256 *sha256, int fd, off_t at, char *buffer)
{
    ssize_t n = pread(fd, buffer, ENDS_BYTES, at);
    if (n < 0)
        return RC_REJECT;
    add_text(sha256, (struct str){buffer, (size_t)n});
    return RC_OK;
}

/* The first and the last bytes: all of them would take as long as reading the file. */
static enum rc add_contents(struct sha256 *sha256, const struct file_item *item, struct err *err)
{
    int fd = open(item->path, O_RDONLY | O_CLOEXEC);
    char *buffer = xmalloc(ENDS_BYTES);
    off_t end = item->bytes > (int64_t)ENDS_BYTES ? (off_t)item->bytes - (off_t)ENDS_BYTES : 0;
    enum rc rc = fd >= 0 ? RC_OK : RC_REJECT;
    if (rc == RC_OK)
        rc = add_bytes_at(sha256, fd, 0, buffer);
    if (rc == RC_OK)
        rc = add_bytes_at(sha256, fd, end, buffer);
    if (rc != RC_OK)
        (void)err_set(err, rc, "cannot read \"%s\": %s", item->path, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    free(buffer);
    return rc;
}

/* Names come from outside, and the part is a text of the database. */
static void name_part(const char *path, const unsigned char *digest, char *part_out)
{
    char hex[2 * DIGEST_SHOWN_BYTES + 1];
    char name[BACKFILL_PART_BYTES - sizeof hex];
    const char *slash = strrchr(path, '/');
    hex_encode(digest, DIGEST_SHOWN_BYTES, hex);
    hex[2 * DIGEST_SHOWN_BYTES] = '\0';
    (void)snprintf(name, sizeof name, "%s", slash != NULL && slash[1] != '\0' ? slash + 1 : path);
    bool is_clean = text_is_clean(str_of(name));
    for (char *p = name; *p != '\0'; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f || (!is_clean && (unsigned char)*p >= 0x80))
            *p = '?';
    (void)snprintf(part_out, BACKFILL_PART_BYTES, "%s#%s", name, hex);
}

enum rc backfill_part(const struct file_item *item, const struct backfill_conf *conf,
                      char part_out[static BACKFILL_PART_BYTES], struct err *err)
{
    unsigned char digest[DIGEST_SHA256_BYTES];
    struct sha256 *sha256 = sha256_new();
    const char *slash = strrchr(item->path, '/');
    enum rc rc = RC_OK;
    add_settings(sha256, conf);
    add_text(sha256, str_of(slash != NULL ? slash + 1 : item->path));
    add_number(sha256, item->bytes);
    add_number(sha256, item->changed_at);
    for (size_t i = 0; i < item->mail_count; i++)
        add_text(sha256, file_mail_key(item->mails[i]));
    if (item->mails == NULL)
        rc = add_contents(sha256, item, err);
    sha256_take(sha256, digest);
    sha256_free(&sha256);
    if (rc == RC_OK)
        name_part(item->path, digest, part_out);
    return rc;
}

/* ---- what a checkpoint says ---- */

void backfill_marker_write(const struct backfill_marker *marker, const char *path, struct buf *to)
{
    char observed_at[CLOCK_TEXT_BYTES];
    clock_format(marker->observed_at, observed_at);
    (void)buf_printf(
        to, "{\"outputs\":%" PRIu64 ",\"letters\":%" PRIu64 ",\"observed_at\":\"%s\",\"path\":",
        marker->outputs, marker->letters, observed_at);
    json_add_text(to, text_is_clean(str_of(path)) ? str_of(path) : STR_LIT("?"));
    (void)buf_add_text(to, "}");
}

struct marker_texts {
    struct str outputs, letters, observed_at;
};

static const struct jpath_rule marker_rules[] = {
    JPATH_NUMBER("outputs", struct marker_texts, outputs),
    JPATH_NUMBER("letters", struct marker_texts, letters),
    JPATH_STR("observed_at", struct marker_texts, observed_at), JPATH_RULES_END};

static bool read_count(struct str text, uint64_t *count_out)
{
    char digits[TEXT_BYTES];
    char *end;
    (void)snprintf(digits, sizeof digits, "%.*s", STR_ARGS(text));
    *count_out = strtoull(digits, &end, 10);
    return end != digits && *end == '\0' && digits[0] != '-';
}

bool backfill_marker_read(struct str text, struct backfill_marker *marker_out)
{
    static const struct jpath_limits limits = {4, MARKER_BYTES, MARKER_BYTES};
    struct err err;
    struct marker_texts texts = {STR_NULL, STR_NULL, STR_NULL};
    struct arena *arena = arena_new("checkpoint", MARKER_BYTES);
    struct jpath *jpath = jpath_new(marker_rules);
    jpath_begin(jpath, &limits, arena, &texts, NULL);
    bool is_read = jpath_feed(jpath, text.p, text.n, &err) == RC_OK &&
                   jpath_finish(jpath, &err) == RC_OK &&
                   read_count(texts.outputs, &marker_out->outputs) &&
                   read_count(texts.letters, &marker_out->letters) &&
                   clock_parse(texts.observed_at, &marker_out->observed_at);
    jpath_free(&jpath);
    arena_free(&arena);
    return is_read;
}
