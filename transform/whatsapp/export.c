/* The map of exported chat files: bytes to lines, lines to messages. */
#include <inttypes.h>
#include <stdlib.h>

#include "lib/limits.h"
#include "transform/whatsapp/export_ahead.h"
#include "transform/whatsapp/export_record.h"
#include "transform/whatsapp/maps.h"

#define SCRATCH_BYTES (16 * MIB)
#define LINE_BYTES (LIMIT_CHAT_MESSAGE_BYTES + 4 * KIB)

enum state { LOOKING, READING, DEAD };

struct map {
    struct map_out *out;
    enum state state;
    struct arena *scratch; /* of one line */
    struct buf ahead;      /* LOOKING: the document so far */
    struct buf line;       /* READING: a line that pieces cut */
    bool is_line_long;     /* it went over the buffer */
    int64_t line_offset;   /* of the line that comes next */
    uint64_t line_number;
    struct wa_ahead style;
    bool is_forced; /* the order of dates is set */
    struct wa_chat *chat;
    struct wa_export_writer writer;
    /* the message being read */
    bool has_message, is_long;
    struct wa_header header;
    struct buf text; /* from sender to the last line */
    int64_t message_offset;
    uint64_t message_line;
    uint64_t message_replaced;
    size_t headers; /* of the style, so far, without the message being read */
    size_t pasted;  /* those within the message being read */
    int64_t latest; /* local time so far */
};

/* ---- rejects ---- */

static enum rc reject(struct map *map, enum reject_code code, struct str path, int64_t offset,
                      const char *detail, struct err *err)
{
    const struct reject reject = {code, path, offset, str_of(detail)};
    return map_out_reject(map->out, &reject, err);
}

static enum rc refuse(struct map *map, enum reject_code code, const char *path, int64_t offset,
                      const char *detail, struct err *err)
{
    map->state = DEAD;
    map->has_message = false;
    return reject(map, code, str_of(path), offset, detail, err);
}

static struct str line_path(struct map *map, uint64_t number)
{
    return arena_printf(map->out->arena, "line %" PRIu64, number);
}

static enum rc reject_message(struct map *map, enum reject_code code, const char *detail,
                              struct err *err)
{
    return reject(map, code, line_path(map, map->message_line), map->message_offset, detail, err);
}

/* The rest of the document is not read: it would be read wrongly. */
static enum rc refuse_rest(struct map *map, const char *detail, struct err *err)
{
    struct str path = line_path(map, map->message_line);
    map->state = DEAD;
    return reject(map, REJECT_BAD_VALUE, path, map->message_offset, detail, err);
}

/* ---- messages ---- */

static enum rc write_message(struct map *map, int64_t local, struct err *err)
{
    bool is_marked;
    bool is_stranger = false;
    struct wa_export_message message = {.header = &map->header, .local = local};
    struct str line = wa_skip_marks(buf_peek(&map->text), &is_marked);
    wa_chat_split(map->chat, map->out->arena, line, &message.sender, &message.text);
    message.is_replaced = map->message_replaced > 0;
    enum rc rc = wa_export_write(&map->writer, &message, &is_stranger, err);
    if (rc == RC_REJECT)
        return reject_message(map, REJECT_TOO_LARGE, "the message needs too much memory", err);
    if (!is_stranger)
        return rc;
    return refuse_rest(
        map,
        wa_chat_person(map->chat) == NULL
            ? "more people write than any group has; it is read no further"
            : "a third person writes in what began as a chat of two; it is read no further: name "
              "everybody of the business (own), so that it is read as a group",
        err);
}

static enum rc take_date(struct map *map, size_t index, int64_t *local_out, bool *has_date_out,
                         struct err *err)
{
    const struct wa_order_found *found = &map->style.order;
    enum wa_order order = wa_order_at(found, index);
    enum wa_order other = order == WA_DMY ? WA_MDY : WA_DMY;
    bool fits = wa_header_fits(&map->header, order);
    *has_date_out = fits && !wa_header_is_foreign(&map->header) &&
                    wa_header_local(&map->header, order, local_out);
    if (*has_date_out)
        return RC_OK;
    bool is_news = !fits && !map->is_forced && index >= map->style.dated;
    if (is_news && wa_header_fits(&map->header, other))
        return refuse_rest(map,
                           "the date contradicts the order of all dates before; the chat is read "
                           "no further: set date_order, or split the file here",
                           err);
    return reject_message(map, REJECT_BAD_VALUE,
                          "expected a date that exists, in the order of the file's dates", err);
}

static enum rc finish_message(struct map *map, struct err *err)
{
    int64_t local;
    bool has_date;
    if (!map->has_message)
        return RC_OK;
    map->has_message = false;
    arena_reset(map->out->arena); /* memory stays flat however many messages there are */
    size_t index = map->headers;
    map->headers += 1 + map->pasted;
    if (map->is_long)
        return reject_message(map, REJECT_TOO_LARGE, "expected a message of at most 1 MiB", err);
    enum rc rc = take_date(map, index, &local, &has_date, err);
    return rc == RC_OK && has_date ? write_message(map, local, err) : rc;
}

static void begin_message(struct map *map, const struct wa_header *header, struct str line,
                          uint64_t replaced)
{
    map->has_message = true;
    map->pasted = 0;
    map->is_long = map->is_line_long;
    map->header = *header;
    map->message_offset = map->line_offset;
    map->message_line = map->line_number;
    map->message_replaced = replaced;
    buf_reset(&map->text);
    if (!buf_add(&map->text, line.p + header->rest, line.n - header->rest))
        map->is_long = true;
}

static void continue_message(struct map *map, struct str line, uint64_t replaced)
{
    map->message_replaced += replaced;
    map->is_long = map->is_long || map->is_line_long;
    if (!buf_add_text(&map->text, "\n") || !buf_add_str(&map->text, line))
        map->is_long = true;
}

/* ---- lines ---- */

/* A line of another chat that somebody pasted into a message: far back in time, by somebody who
 * does not belong in a chat of two. */
static bool is_pasted(struct map *map, const struct wa_header *header, struct str line)
{
    size_t index = map->headers + (map->has_message ? 1 + map->pasted : 0);
    enum wa_order order = wa_order_at(&map->style.order, index);
    if (!wa_header_is_past(header, order, &map->latest) || !map->has_message)
        return false;
    struct str rest = {line.p + header->rest, line.n - header->rest};
    struct str sender;
    struct str text;
    bool is_marked;
    wa_chat_split(map->chat, map->scratch, wa_skip_marks(rest, &is_marked), &sender, &text);
    return !str_is_null(sender) && wa_chat_is_stranger(map->chat, sender);
}

static enum rc take_line(struct map *map, struct str raw, struct err *err)
{
    uint64_t replaced = 0;
    struct wa_header header;
    arena_reset(map->scratch);
    struct str line = wa_line_clean(map->scratch, raw, &replaced);
    map->line_number++;
    map->out->counts.text_replaced += replaced;
    bool is_header =
        wa_header_scan(line, &header) == WA_SCAN_HEADER && wa_ahead_is_ours(&map->style, &header);
    bool is_other = is_header && is_pasted(map, &header, line);
    map->pasted += is_other;
    map->out->counts.ignored += is_other;
    enum rc rc = RC_OK;
    if (is_header && !is_other) {
        rc = finish_message(map, err);
        if (rc == RC_OK && map->state == READING)
            begin_message(map, &header, line, replaced);
    } else if (map->has_message) {
        continue_message(map, line, replaced);
    } else {
        map->out->counts.ignored++; /* before the first message */
    }
    map->is_line_long = false;
    return rc;
}

static void keep_part(struct map *map, const char *bytes, size_t n)
{
    size_t room = LINE_BYTES - map->line.n;
    map->is_line_long = map->is_line_long || n > room;
    (void)buf_add(&map->line, bytes, n < room ? n : room);
}

static enum rc read_bytes(struct map *map, const char *bytes, size_t n, struct err *err)
{
    enum rc rc = RC_OK;
    int64_t next = map->line_offset + (int64_t)map->line.n;
    while (n > 0 && rc == RC_OK && map->state == READING) {
        const char *end = memchr(bytes, '\n', n);
        size_t taken = end != NULL ? (size_t)(end - bytes) : n;
        bool is_cut = map->line.n > 0 || end == NULL || taken > LINE_BYTES;
        if (is_cut)
            keep_part(map, bytes, taken);
        next += (int64_t)taken + (end != NULL);
        if (end != NULL) {
            rc = take_line(map, is_cut ? buf_peek(&map->line) : (struct str){bytes, taken}, err);
            buf_reset(&map->line);
            map->line_offset = next;
        }
        bytes += taken + (end != NULL);
        n -= taken + (end != NULL);
    }
    return rc;
}

/* The file's last line, without a line end: cut short where it is no whole line. */
static bool is_cut_short(const struct map *map, struct str line)
{
    uint64_t replaced = 0;
    struct wa_header header;
    struct str clean = wa_line_clean(map->scratch, line, &replaced);
    static const char replacement[] = "\xef\xbf\xbd";
    size_t n = sizeof replacement - 1;
    if (replaced > 0 && clean.n >= n && memcmp(clean.p + clean.n - n, replacement, n) == 0 &&
        line.p[line.n - 1] != '\0')
        return true;
    return wa_header_scan(clean, &header) == WA_SCAN_CUT && wa_ahead_is_ours(&map->style, &header);
}

static enum rc take_last_line(struct map *map, struct err *err)
{
    struct str line = buf_peek(&map->line);
    arena_reset(map->scratch);
    if (line.n == 0)
        return RC_OK;
    if (!is_cut_short(map, line))
        return take_line(map, line, err);
    enum rc rc = finish_message(map, err);
    if (rc != RC_OK || map->state != READING)
        return rc;
    return reject(map, REJECT_BAD_VALUE, line_path(map, map->line_number + 1), map->line_offset,
                  "the file ends within this line; what is before it was read: copy the file again",
                  err);
}

/* ---- settings ---- */

static const struct {
    const char *word;
    enum wa_order order;
} orders[] = {{"dmy", WA_DMY}, {"mdy", WA_MDY}, {"ymd", WA_YMD}};
#define ORDERS (sizeof orders / sizeof *orders)

static bool force_order(struct map *map, struct str word)
{
    map->is_forced = !str_is_null(word);
    for (size_t i = 0; map->is_forced && i < ORDERS; i++) {
        if (!str_is(word, orders[i].word))
            continue;
        map->style.order = (struct wa_order_found){.order = orders[i].order, .flip_at = WA_NO_FLIP};
        return true;
    }
    return !map->is_forced;
}

static const char *order_word(const struct wa_order_found *found)
{
    if (found->flip_at != WA_NO_FLIP)
        return found->order == WA_DMY ? "dmy, then mdy" : "mdy, then dmy";
    return orders[found->is_year_first ? WA_YMD : found->order].word;
}

/* Account, time zone and order. *is_set_out: all is there. */
static enum rc read_settings(struct map *map, struct channel_account *account, bool *is_set_out,
                             struct err *err)
{
    *is_set_out = false;
    if (!map_out_account(map->out, STR_NULL, account))
        return refuse(map, REJECT_MISSING_MEMBER, "account", 0,
                      "expected the account (--account) whose chat it is: the file does not say it",
                      err);
    const struct channel_settings *settings = channel_settings_of(account);
    zone_close(&map->writer.zone);
    if (str_is_null(settings->timezone))
        return refuse(map, REJECT_MISSING_MEMBER, "timezone", 0,
                      "expected the setting \"timezone\" (--timezone ZONE), such as "
                      "America/Bogota: the file's times have none",
                      err);
    map->writer.zone = zone_open(settings->timezone);
    if (map->writer.zone == NULL)
        return refuse(map, REJECT_BAD_VALUE, "timezone", 0,
                      "expected an IANA time zone, such as America/Bogota", err);
    if (!force_order(map, settings->date_order))
        return refuse(map, REJECT_BAD_VALUE, "date_order", 0, "expected dmy, mdy or ymd", err);
    *is_set_out = true;
    return RC_OK;
}

/* ---- the document ---- */

static enum rc meet(struct map *map, struct channel_account *account, bool is_whole,
                    struct err *err)
{
    struct wa_chat_fault fault;
    wa_chat_begin(map->chat, account);
    wa_ahead_meet(&map->style, buf_peek(&map->ahead), is_whole, map->scratch, map->chat);
    if (!wa_chat_decide(map->chat, &fault))
        return refuse(map, fault.code, fault.path, 0, fault.detail, err);
    map->state = READING;
    map->writer.order = order_word(&map->style.order);
    map->writer.is_order_guessed = !map->is_forced && map->style.order.is_guess;
    wa_export_writer_begin(&map->writer);
    return RC_OK;
}

/* Looks at what was held back; then it is read as everything that comes after. */
static enum rc look(struct map *map, bool is_whole, struct err *err)
{
    struct wa_ahead_fault fault;
    struct channel_account account;
    bool is_set;
    struct str bytes = buf_peek(&map->ahead);
    if (!wa_ahead_read(&map->style, bytes, is_whole, map->scratch, &fault))
        return refuse(map, fault.code, fault.path, fault.offset, fault.detail, err);
    enum rc rc = read_settings(map, &account, &is_set, err);
    if (rc != RC_OK || !is_set)
        return rc;
    if (!map->is_forced && map->style.order.is_mixed)
        return refuse(map, REJECT_BAD_VALUE, "date", map->style.order.mixed_at,
                      "the order of day and month changes more than once; set date_order, or split "
                      "the file",
                      err);
    rc = meet(map, &account, is_whole, err);
    return rc == RC_OK && map->state == READING ? read_bytes(map, bytes.p, bytes.n, err) : rc;
}

static enum rc export_feed(struct map *map, const char *bytes, size_t n, struct err *err)
{
    enum rc rc = RC_OK;
    if (map->state == LOOKING) {
        size_t room = LIMIT_CHAT_AHEAD_BYTES - map->ahead.n;
        size_t taken = n < room ? n : room;
        (void)buf_add(&map->ahead, bytes, taken);
        bytes += taken;
        n -= taken;
        if (map->ahead.n == LIMIT_CHAT_AHEAD_BYTES)
            rc = look(map, false, err);
    }
    return rc == RC_OK && map->state == READING ? read_bytes(map, bytes, n, err) : rc;
}

static enum rc export_end(struct map *map, struct err *err)
{
    enum rc rc = map->state == LOOKING ? look(map, true, err) : RC_OK;
    if (rc == RC_OK && map->state == READING)
        rc = take_last_line(map, err);
    if (rc == RC_OK && map->state == READING)
        rc = finish_message(map, err);
    return rc;
}

static void export_begin(struct map *map)
{
    map->state = LOOKING;
    buf_reset(&map->ahead);
    buf_reset(&map->line);
    map->is_line_long = map->has_message = map->is_long = map->is_forced = false;
    map->line_offset = 0;
    map->line_number = 0;
    map->headers = map->pasted = 0;
    map->latest = INT64_MIN;
}

static struct map *export_open(struct map_out *out)
{
    struct map *map = xcalloc(1, sizeof *map);
    map->out = out;
    map->scratch = arena_new("line", SCRATCH_BYTES);
    map->chat = wa_chat_new(out);
    buf_init(&map->ahead, LIMIT_CHAT_AHEAD_BYTES);
    buf_init(&map->line, LINE_BYTES);
    buf_init(&map->text, LIMIT_CHAT_MESSAGE_BYTES);
    map->writer = (struct wa_export_writer){.out = out,
                                            .json = json_writer_new(LIMIT_RECORD_BYTES),
                                            .chat = map->chat,
                                            .repeat = wa_repeat_new()};
    return map;
}

static void export_close(struct map *map)
{
    arena_free(&map->scratch);
    wa_chat_free(&map->chat);
    wa_repeat_free(&map->writer.repeat);
    json_writer_free(&map->writer.json);
    zone_close(&map->writer.zone);
    buf_done(&map->ahead);
    buf_done(&map->line);
    buf_done(&map->text);
    free(map);
}

const struct map_ops whatsapp_export_map = {
    .provider = "whatsapp_cloud",
    .format = "export",
    .account_provider = "whatsapp_cloud",
    .reads = "a chat that the phone app exported: the text, or the .zip with it",
    .source = SOURCE_FILE,
    .open = export_open,
    .begin = export_begin,
    .feed = export_feed,
    .end = export_end,
    .close = export_close,
};
