#include "connectors/publish.h"

#include <assert.h>
#include <stdlib.h>

#include "connectors/flights.h"
#include "connectors/outset.h"
#include "lib/arena.h"
#include "lib/stop.h"
#include "transform/channels.h"

#define ROOM_WAIT_MS 10
#define LANDING_WAIT_MS 1000
/* Dead letters of one document; the rest are summed up in one. */
#define LETTERS_MOST 10000
#define LETTERS_BYTES (64 * MIB)
#define TEXTS_BYTES (1 * MIB)
#define PAYLOAD_MOST_BYTES (LIMIT_BUS_MESSAGE_BYTES - 1 * MIB)

struct lane { /* one shape of bytes */
    struct lane *next;
    struct normalizer_conf conf;
    struct normalizer *normalizer;
};

struct waypoint {                   /* where a set ends */
    struct publish_durable here;    /* within a document, perhaps */
    struct publish_durable at_mark; /* at the end of the last document before */
    size_t bytes;                   /* of the set */
    size_t single_bytes;            /* of the only message of a set that leaves carefully */
};

struct publisher {
    struct publisher_conf conf;
    struct envelope envelope;
    struct channel_account *accounts;
    size_t account_count;
    struct lane *lanes;

    struct waypoint now;              /* of all that was given */
    struct normalizer_counts counted; /* what the lanes had counted that "now" does not tell */
    uint64_t skip;                    /* outputs that are dropped, since they are durable */

    /* of the document in hand */
    struct lane *lane; /* NULL: none */
    struct publish_document document;
    struct str whole; /* STR_NULL: it comes in pieces */
    struct buf tail;  /* what came before the piece in hand, as far as excerpts need it */
    bool is_lines;    /* pieces end with lines, as far as lines are not too long for that */
    struct buf line;  /* the beginning of one, while its end is awaited */
    struct str piece;
    int64_t piece_at; /* where it begins in the document */
    size_t letters, letter_bytes, letters_left_out;

    /* sets */
    struct outset *outset;
    struct waypoint sent; /* of the last set that left */
    struct flights *flights;
    struct waypoint out[PUBLISH_OUT_SETS]; /* by their number */
    uint64_t out_end;                      /* sets that left, ever */
    uint64_t out_first;                    /* the first one that is not confirmed */
    size_t out_bytes;
    struct waypoint durable;

    bool has_failed;
    struct err failure;

    /* messages that are too large for the bus */
    uint64_t careful;    /* outputs that leave one by one, so that the bus tells which */
    size_t too_large;    /* bytes of the smallest message that it refused */
    struct arena *texts; /* of one dead letter */
};

enum rc publisher_new(const struct publisher_conf *conf, struct publisher **publisher_out,
                      struct err *err)
{
    struct publisher *publisher = xcalloc(1, sizeof *publisher);
    publisher->conf = *conf;
    publisher->account_count = connector_accounts(conf->connector, conf->connectors,
                                                  conf->connector_count, &publisher->accounts);
    connector_envelope(conf->connector, &publisher->envelope);
    buf_init(&publisher->tail, 2 * PUBLISH_EXCERPT_BYTES);
    buf_init(&publisher->line, LIMIT_RECORD_BYTES);
    publisher->outset = outset_new();
    publisher->too_large = SIZE_MAX;
    publisher->flights = flights_new();
    publisher->texts = arena_new("dead letter", TEXTS_BYTES);
    *publisher_out = publisher;
    (void)err;
    return RC_OK;
}

static void drop_lanes(struct publisher *publisher)
{
    for (struct lane *lane = publisher->lanes, *next; lane != NULL; lane = next) {
        next = lane->next;
        normalizer_free(&lane->normalizer);
        free(lane);
    }
    publisher->lanes = publisher->lane = NULL;
    publisher->counted = (struct normalizer_counts){0};
}

static void land_all(struct publisher *publisher)
{
    while (!flights_wait_for_all(publisher->flights, LANDING_WAIT_MS)) {
    }
}

void publisher_free(struct publisher **publisher)
{
    if (publisher == NULL || *publisher == NULL)
        return;
    land_all(*publisher);
    drop_lanes(*publisher);
    free((*publisher)->accounts);
    buf_done(&(*publisher)->tail);
    buf_done(&(*publisher)->line);
    outset_free(&(*publisher)->outset);
    flights_free(&(*publisher)->flights);
    arena_free(&(*publisher)->texts);
    free(*publisher);
    *publisher = NULL;
}

/* ---- lanes ---- */

static bool same(struct str a, struct str b)
{
    return str_is_null(a) ? str_is_null(b) : str_equal(a, b);
}

static enum rc on_record(void *context, const struct record *record, struct err *err);
static enum rc on_reject(void *context, const struct reject *reject, struct err *err);

static enum rc add_lane(struct publisher *publisher, const struct normalizer_conf *conf,
                        struct err *err)
{
    struct lane *lane = xcalloc(1, sizeof *lane);
    const struct normalizer_sink sink = {on_record, on_reject, publisher};
    lane->conf = *conf;
    enum rc rc = normalizer_new(&lane->conf, &sink, &lane->normalizer, err);
    if (rc != RC_OK) {
        free(lane);
        return rc;
    }
    lane->next = publisher->lanes;
    publisher->lanes = lane;
    return RC_OK;
}

static enum rc find_lane(struct publisher *publisher, const struct publish_document *document,
                         struct err *err)
{
    const struct connector *connector = publisher->conf.connector;
    const struct normalizer_conf conf = {
        .channel = str_of(connector->channel),
        .provider =
            str_is_null(document->provider) ? str_of(connector->map_provider) : document->provider,
        .format = document->format,
        .tenant = str_of(connector->tenant),
        .tenant_id = connector->tenant_id,
        .accounts = publisher->accounts,
        .account_count = publisher->account_count,
        .any_account = connector_takes_any_account(connector),
    };
    for (struct lane *lane = publisher->lanes; lane != NULL; lane = lane->next)
        if (same(lane->conf.provider, conf.provider) && same(lane->conf.format, conf.format)) {
            publisher->lane = lane;
            return RC_OK;
        }
    enum rc rc = add_lane(publisher, &conf, err);
    if (rc == RC_OK)
        publisher->lane = publisher->lanes;
    return rc;
}

static struct normalizer_counts count_lanes(const struct publisher *publisher)
{
    struct normalizer_counts sum = {0};
    for (const struct lane *lane = publisher->lanes; lane != NULL; lane = lane->next) {
        struct normalizer_counts counts;
        normalizer_counts(lane->normalizer, &counts);
        sum.ignored += counts.ignored;
        sum.text_replaced += counts.text_replaced;
    }
    return sum;
}

/* What the normalizers count beside outputs, into "now". */
static void take_counts(struct publisher *publisher)
{
    struct normalizer_counts sum = count_lanes(publisher);
    publisher->now.here.counts.ignored += sum.ignored - publisher->counted.ignored;
    publisher->now.here.counts.text_replaced +=
        sum.text_replaced - publisher->counted.text_replaced;
    publisher->counted = sum;
}

/* ---- messages that the bus refuses for their size ---- */

static size_t single_bytes(struct publisher *publisher)
{
    bool is_single = publisher->careful > 0 && outset_count(publisher->outset) == 1;
    return is_single ? outset_messages(publisher->outset)->value.n : 0;
}

static void be_careful(struct publisher *publisher, int64_t failed)
{
    const struct waypoint *set = &publisher->out[(uint64_t)(failed - 1) % PUBLISH_OUT_SETS];
    if (set->single_bytes > 0 && set->single_bytes < publisher->too_large)
        publisher->too_large = set->single_bytes;
    publisher->careful = set->here.outputs - publisher->durable.here.outputs + PUBLISH_SET_MESSAGES;
}

/* ---- sets on their way ---- */

struct publish_durable publish_durable(struct publisher *publisher)
{
    struct publish_durable durable = publisher->durable.here;
    durable.has_mark = publisher->durable.at_mark.has_mark;
    durable.mark = publisher->durable.at_mark.mark;
    return durable;
}

static void confirm(struct publisher *publisher)
{
    int64_t confirmed = flights_state(publisher->flights).confirmed;
    bool is_more = false;
    while (confirmed >= 0 && publisher->out_first < (uint64_t)confirmed) {
        const struct waypoint *set = &publisher->out[publisher->out_first++ % PUBLISH_OUT_SETS];
        publisher->out_bytes -= set->bytes;
        publisher->durable = *set;
        is_more = true;
    }
    if (!is_more || publisher->conf.durable == NULL)
        return;
    const struct publish_durable durable = publish_durable(publisher);
    publisher->conf.durable(publisher->conf.context, &durable);
}

/* Waits for all that is out, so that what is durable is known for good. */
static enum rc fail(struct publisher *publisher, enum rc rc, struct err *err)
{
    int64_t failed = -1;
    struct err why = {0};
    land_all(publisher);
    confirm(publisher);
    flights_restart(publisher->flights, &failed, &why);
    if (failed >= 0) {
        if (why.rc == RC_REJECT)
            be_careful(publisher, failed);
        *err = why;
    } else if (rc == RC_REJECT) { /* it never left */
        publisher->out[publisher->out_end % PUBLISH_OUT_SETS].here = publisher->now.here;
        be_careful(publisher, (int64_t)publisher->out_end + 1);
    }
    err->rc = rc == RC_FATAL ? RC_FATAL : RC_RETRY;
    publisher->has_failed = true;
    publisher->failure = *err;
    return err->rc;
}

static bool has_room(const struct publisher *publisher, size_t bytes)
{
    return publisher->out_end - publisher->out_first < PUBLISH_OUT_SETS &&
           (publisher->out_bytes == 0 || publisher->out_bytes + bytes <= PUBLISH_OUT_BYTES);
}

/* RC_AGAIN: there is no room now. */
static enum rc try_to_send(struct publisher *publisher, struct err *err)
{
    size_t bytes = outset_bytes(publisher->outset);
    struct waypoint *set = &publisher->out[publisher->out_end % PUBLISH_OUT_SETS];
    if (!has_room(publisher, bytes))
        return RC_AGAIN;
    void *flight = flights_begin(publisher->flights, (int64_t)publisher->out_end + 1);
    if (flight == NULL)
        return RC_AGAIN;
    *set = publisher->now;
    set->bytes = bytes;
    set->single_bytes = single_bytes(publisher);
    enum rc rc = bus_produce(publisher->conf.producer, outset_messages(publisher->outset),
                             outset_count(publisher->outset), flights_landed, flight, err);
    if (rc != RC_OK) {
        flights_cancel(publisher->flights);
        return rc;
    }
    publisher->out_end++;
    publisher->out_bytes += bytes;
    publisher->sent = publisher->now;
    publisher->careful -= publisher->careful > 0;
    outset_reset(publisher->outset);
    return RC_OK;
}

static enum rc send_set(struct publisher *publisher, struct err *err)
{
    if (publisher->has_failed) {
        *err = publisher->failure;
        return err->rc;
    }
    for (;;) {
        confirm(publisher);
        if (flights_state(publisher->flights).has_failed)
            return fail(publisher, RC_RETRY, err);
        enum rc rc = try_to_send(publisher, err);
        if (rc == RC_OK)
            return RC_OK;
        if (rc != RC_AGAIN)
            return fail(publisher, rc, err);
        if (stop_requested())
            return RC_AGAIN;
        flights_wait(publisher->flights, ROOM_WAIT_MS);
    }
}

static bool is_full(const struct publisher *publisher)
{
    const struct outset *outset = publisher->outset;
    return publisher->careful > 0 || outset_count(outset) >= PUBLISH_SET_MESSAGES ||
           outset_bytes(outset) >= PUBLISH_SET_BYTES;
}

static enum rc send_when_full(struct publisher *publisher, struct err *err)
{
    if (!is_full(publisher))
        return RC_OK;
    take_counts(publisher);
    return send_set(publisher, err);
}

/* A set without messages still carries the mark. */
enum rc publish_flush(struct publisher *publisher, struct err *err)
{
    const struct waypoint *now = &publisher->now;
    take_counts(publisher);
    bool is_news = outset_count(publisher->outset) > 0 ||
                   now->here.outputs != publisher->sent.here.outputs ||
                   now->at_mark.counts.documents != publisher->sent.at_mark.counts.documents;
    return is_news || publisher->has_failed ? send_set(publisher, err) : RC_OK;
}

enum rc publish_wait(struct publisher *publisher, int timeout_ms, struct err *err)
{
    int64_t until_us = clock_monotonic_us() + timeout_ms * US_PER_MS;
    enum rc rc = publish_flush(publisher, err);
    while (rc == RC_OK) {
        confirm(publisher);
        if (flights_state(publisher->flights).has_failed)
            return fail(publisher, RC_RETRY, err);
        if (publisher->out_first == publisher->out_end)
            return RC_OK;
        if (stop_requested() || clock_monotonic_us() >= until_us)
            return RC_AGAIN;
        flights_wait(publisher->flights, ROOM_WAIT_MS);
    }
    return rc;
}

void publish_settle(struct publisher *publisher)
{
    land_all(publisher);
    confirm(publisher);
}

/* ---- beginning again ---- */

static void restart(struct publisher *publisher)
{
    struct err why;
    int64_t failed;
    land_all(publisher);
    confirm(publisher);
    flights_restart(publisher->flights, &failed, &why);
    drop_lanes(publisher); /* within a document, perhaps */
    outset_reset(publisher->outset);
    publisher->out_first = publisher->out_end;
    publisher->out_bytes = 0;
    publisher->has_failed = false;
    publisher->skip = 0;
}

void publish_restart_after_mark(struct publisher *publisher)
{
    restart(publisher);
    publisher->durable.here = publisher->durable.at_mark;
    publisher->now = publisher->sent = publisher->durable;
}

void publish_restart_from(struct publisher *publisher, uint64_t outputs)
{
    restart(publisher);
    publisher->durable.here.outputs = outputs;
    publisher->now = publisher->sent = publisher->durable;
    publisher->now.here.outputs = 0;
    publisher->skip = outputs;
}

/* ---- outputs ---- */

/* false: it is durable already. */
static bool is_new_output(struct publisher *publisher)
{
    uint64_t number = ++publisher->now.here.outputs;
    if (number > publisher->skip)
        return true;
    publisher->counted = count_lanes(publisher); /* they are told already */
    return false;
}

/* The part of the document around the place. */
static struct str excerpt(struct publisher *publisher, int64_t offset)
{
    struct str parts[2];
    int64_t tail_at = publisher->piece_at - (int64_t)publisher->tail.n;
    int64_t end = publisher->piece_at + (int64_t)publisher->piece.n;
    int64_t from = offset - (int64_t)PUBLISH_EXCERPT_BYTES;
    int64_t to = offset + (int64_t)PUBLISH_EXCERPT_BYTES;
    from = from < tail_at ? tail_at : from > end ? end : from;
    to = to > end ? end : to < from ? from : to;
    int64_t middle = publisher->piece_at < from ? from : publisher->piece_at;
    middle = middle > to ? to : middle;
    parts[0] =
        (struct str){buf_peek(&publisher->tail).p + (from - tail_at), (size_t)(middle - from)};
    parts[1] =
        (struct str){publisher->piece.p + (middle - publisher->piece_at), (size_t)(to - middle)};
    return arena_join(publisher->texts, parts, 2);
}

/* The line that the place is in. */
static struct str excerpt_line(struct publisher *publisher, int64_t offset)
{
    struct str piece = publisher->piece;
    size_t at = (size_t)(offset - publisher->piece_at);
    if (offset < publisher->piece_at || at >= piece.n)
        return excerpt(publisher, offset);
    const char *before = at > 0 ? memrchr(piece.p, '\n', at) : NULL;
    const char *begin = before != NULL ? before + 1 : piece.p;
    const char *end = memchr(piece.p + at, '\n', piece.n - at);
    size_t n = (size_t)((end != NULL ? end : piece.p + piece.n) - begin);
    return (struct str){begin, n};
}

/* What of a payload the bus takes, as far as that is known. */
static struct str cut(const struct publisher *publisher, struct str payload)
{
    size_t most = PAYLOAD_MOST_BYTES;
    if (most > publisher->too_large / 2)
        most = publisher->too_large / 2;
    return (struct str){payload.p, payload.n < most ? payload.n : most};
}

static struct str payload(struct publisher *publisher, int64_t offset)
{
    if (str_is_null(publisher->whole))
        return publisher->is_lines ? excerpt_line(publisher, offset) : excerpt(publisher, offset);
    return publisher->whole;
}

static void put_letter(struct publisher *publisher, const struct deadletter *why, struct str bytes)
{
    const struct publish_document *document = &publisher->document;
    bytes = cut(publisher, bytes);
    bool fits =
        publisher->letters < LETTERS_MOST && publisher->letter_bytes + bytes.n <= LETTERS_BYTES;
    struct deadletter letter = *why;
    letter.origin = document->origin;
    letter.first_seen_us = document->about.observed_at;
    letter.payload = fits ? outset_keep(publisher->outset, bytes) : STR_NULL;
    struct str key = fits ? outset_keep(publisher->outset, document->key) : STR_NULL;
    if (!fits || !outset_add_letter(publisher->outset, &publisher->envelope, &letter, key)) {
        publisher->letters_left_out++;
        return;
    }
    publisher->letters++;
    publisher->letter_bytes += bytes.n;
    publisher->now.here.counts.letters++;
}

static enum rc on_reject(void *context, const struct reject *reject, struct err *err)
{
    struct publisher *publisher = context;
    if (!is_new_output(publisher))
        return RC_OK;
    publisher->now.here.counts.rejects++;
    if (publisher->conf.rejected != NULL)
        publisher->conf.rejected(publisher->conf.context, reject, publisher->document.origin);
    arena_reset(publisher->texts);
    const struct deadletter why = {
        .stage = envelope_stage(reject->code),
        .reason = str_of(reject_code_name(reject->code)),
        .detail = arena_printf(publisher->texts, "%.*s (at byte %lld)", STR_ARGS(reject->detail),
                               (long long)reject->offset),
        .path = reject->path,
    };
    put_letter(publisher, &why, payload(publisher, reject->offset));
    return send_when_full(publisher, err);
}

static void refuse_record(struct publisher *publisher, const struct record *record,
                          const struct err *fault)
{
    publisher->now.here.counts.rejects++;
    arena_reset(publisher->texts);
    const struct deadletter why = {
        .stage = STR_LIT("normalize"),
        .entity_type = str_of(record_kind_name(record->kind)),
        .external_id = record->external_id,
        .reason = str_of(reject_code_name(REJECT_BAD_VALUE)),
        .detail = str_of(fault->msg),
    };
    put_letter(publisher, &why,
               payload(publisher, publisher->piece_at + (int64_t)publisher->piece.n));
}

/* The last record, which the bus would not take: its beginning is kept. */
static void refuse_last(struct publisher *publisher, const struct record *record)
{
    publisher->now.here.counts.rejects++;
    arena_reset(publisher->texts);
    const struct deadletter why = {
        .stage = STR_LIT("publish"),
        .entity_type = str_of(record_kind_name(record->kind)),
        .external_id = record->external_id,
        .reason = str_of(reject_code_name(REJECT_TOO_LARGE)),
        .detail = arena_printf(publisher->texts,
                               "the bus takes no message of %zu bytes; let the brokers take larger "
                               "ones (max.message.bytes)",
                               publisher->too_large),
    };
    put_letter(publisher, &why, outset_last_record(publisher->outset));
    outset_drop_record(publisher->outset);
}

static enum rc on_record(void *context, const struct record *record, struct err *err)
{
    struct publisher *publisher = context;
    struct err fault;
    if (!is_new_output(publisher))
        return RC_OK;
    if (publisher->conf.wants != NULL && !publisher->conf.wants(publisher->conf.context, record)) {
        publisher->now.here.counts.ignored++;
        return RC_OK;
    }
    if (outset_add_record(publisher->outset, &publisher->envelope, record, &fault) != RC_OK)
        refuse_record(publisher, record, &fault);
    else if (outset_last_record(publisher->outset).n >= publisher->too_large)
        refuse_last(publisher, record);
    else
        publisher->now.here.counts.records++;
    return send_when_full(publisher, err);
}

/* ---- documents ---- */

static bool reads_lines(const struct publisher *publisher, const struct publish_document *document)
{
    if (publisher->lane == NULL || document->about.is_lines)
        return document->about.is_lines;
    const struct normalizer_conf *conf = &publisher->lane->conf;
    return channel_map(channel_find(conf->channel), conf->provider, conf->format)->is_lines;
}

static void begin(struct publisher *publisher, const struct publish_document *document,
                  struct str whole)
{
    publisher->is_lines = reads_lines(publisher, document);
    publisher->document = *document;
    publisher->whole = whole;
    publisher->piece = (struct str){"", 0};
    publisher->piece_at = 0;
    buf_reset(&publisher->tail);
    buf_reset(&publisher->line);
    publisher->letters = publisher->letter_bytes = publisher->letters_left_out = 0;
}

enum rc publish_begin(struct publisher *publisher, const struct publish_document *document,
                      struct err *err)
{
    enum rc rc = find_lane(publisher, document, err);
    if (rc != RC_OK)
        return rc;
    begin(publisher, document, STR_NULL);
    normalizer_begin(publisher->lane->normalizer, &document->about);
    return RC_OK;
}

/* Keeps what excerpts of the next piece may begin with. */
static void keep_tail(struct publisher *publisher)
{
    struct buf *tail = &publisher->tail;
    struct str piece = publisher->piece;
    size_t most = PUBLISH_EXCERPT_BYTES;
    if (piece.n >= most) {
        buf_reset(tail);
        (void)buf_add(tail, piece.p + piece.n - most, most);
        return;
    }
    size_t kept = tail->n < most - piece.n ? tail->n : most - piece.n;
    if (tail->n > kept)
        memmove(tail->p, tail->p + tail->n - kept, kept);
    tail->n = kept;
    (void)buf_add_str(tail, piece);
}

static enum rc feed_piece(struct publisher *publisher, struct str piece, struct err *err)
{
    publisher->piece = piece;
    enum rc rc = normalizer_feed(publisher->lane->normalizer, piece.p, piece.n, err);
    if (rc != RC_OK)
        return rc;
    if (str_is_null(publisher->whole))
        keep_tail(publisher);
    publisher->piece_at += (int64_t)piece.n;
    publisher->piece = (struct str){"", 0};
    return RC_OK;
}

/* What was held back goes first. */
static enum rc feed_held(struct publisher *publisher, struct err *err)
{
    enum rc rc = RC_OK;
    if (publisher->line.n > 0)
        rc = feed_piece(publisher, buf_peek(&publisher->line), err);
    buf_reset(&publisher->line);
    return rc;
}

/* Whole lines, so that a dead letter holds one; the beginning of the last is held back. */
static enum rc feed_lines(struct publisher *publisher, struct str bytes, struct err *err)
{
    enum rc rc = RC_OK;
    const char *first = memchr(bytes.p, '\n', bytes.n);
    size_t n = first != NULL ? (size_t)(first + 1 - bytes.p) : bytes.n;
    if (publisher->line.n > 0 && buf_add(&publisher->line, bytes.p, n)) {
        bytes = (struct str){bytes.p + n, bytes.n - n};
        if (first == NULL)
            return RC_OK;
    }
    rc = feed_held(publisher, err);
    const char *last = bytes.n > 0 ? memrchr(bytes.p, '\n', bytes.n) : NULL;
    n = last != NULL ? (size_t)(last + 1 - bytes.p) : 0;
    if (rc == RC_OK && n > 0)
        rc = feed_piece(publisher, (struct str){bytes.p, n}, err);
    bytes = (struct str){bytes.p + n, bytes.n - n};
    if (rc == RC_OK && !buf_add_str(&publisher->line, bytes))
        rc = feed_piece(publisher, bytes, err);
    return rc;
}

enum rc publish_feed(struct publisher *publisher, const char *bytes, size_t n, struct err *err)
{
    struct str piece = {bytes, n};
    return publisher->is_lines && str_is_null(publisher->whole) ? feed_lines(publisher, piece, err)
                                                                : feed_piece(publisher, piece, err);
}

/* Only when dead letters were left out: says how many. */
static void sum_up_letters(struct publisher *publisher)
{
    size_t missing = publisher->letters_left_out;
    if (missing == 0)
        return;
    arena_reset(publisher->texts);
    publisher->letters = publisher->letter_bytes = 0;
    const struct deadletter why = {
        .stage = STR_LIT("normalize"),
        .reason = STR_LIT("more_rejects"),
        .detail = arena_printf(publisher->texts,
                               "%zu further elements of this document were refused", missing),
    };
    put_letter(publisher, &why, payload(publisher, publisher->piece_at));
}

static void end_at_mark(struct publisher *publisher)
{
    struct waypoint *now = &publisher->now;
    take_counts(publisher);
    now->here.counts.documents++;
    now->here.has_mark = true;
    now->here.mark = publisher->document.mark;
    now->at_mark = now->here;
    publisher->lane = NULL;
}

enum rc publish_end(struct publisher *publisher, struct err *err)
{
    enum rc rc = feed_held(publisher, err);
    if (rc == RC_OK)
        rc = normalizer_end(publisher->lane->normalizer, err);
    if (rc != RC_OK)
        return rc;
    sum_up_letters(publisher);
    end_at_mark(publisher);
    return send_when_full(publisher, err);
}

/* Larger ones are left out; their records are there all the same. */
static void add_raw(struct publisher *publisher)
{
    const struct publish_document *document = &publisher->document;
    if (!publisher->conf.archive_raw || publisher->whole.n > PAYLOAD_MOST_BYTES ||
        publisher->whole.n >= publisher->too_large)
        return;
    struct outset *outset = publisher->outset;
    const struct outset_raw raw = {.bytes = outset_keep(outset, publisher->whole),
                                   .key = outset_keep(outset, document->key),
                                   .format = outset_keep(outset, document->format),
                                   .content_type = outset_keep(outset, document->content_type),
                                   .received_at_us = document->about.observed_at};
    if (!str_is_null(raw.bytes))
        (void)outset_add_raw(outset, &publisher->envelope, &raw);
}

enum rc publish_whole(struct publisher *publisher, const struct publish_document *document,
                      struct str bytes, struct err *err)
{
    enum rc rc = publish_begin(publisher, document, err);
    if (rc != RC_OK)
        return rc;
    publisher->whole = bytes;
    add_raw(publisher);
    rc = send_when_full(publisher, err);
    if (rc == RC_OK)
        rc = publish_feed(publisher, bytes.p, bytes.n, err);
    return rc == RC_OK ? publish_end(publisher, err) : rc;
}

enum rc publish_fault(struct publisher *publisher, const struct publish_document *document,
                      const struct reject *fault, struct err *err)
{
    if (publisher->lane == NULL)
        begin(publisher, document, STR_NULL);
    return on_reject(publisher, fault, err);
}
