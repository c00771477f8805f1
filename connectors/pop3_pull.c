#include <stdio.h>
#include <stdlib.h>

#include "connectors/mail_flow.h"
#include "connectors/mail_pull.h"
#include "connectors/pop3_seen.h"
#include "connectors/pop3_session.h"
#include "lib/stop.h"

#define ORIGIN_BYTES 128
#define SEEN_ENTITY MAIL_ENTITY ":uidl"
#define UIDL_MOST_BYTES 70

struct listed {
    int64_t number; /* in this session */
    uint64_t id;
    char uidl[UIDL_MOST_BYTES + 1];
};

struct reader {
    struct pull *pull;
    struct mail_flow flow;
    struct buf cursor;
    /* of one run */
    struct pop3_session *session;
    struct listed *mails;
    size_t n, room;
    struct pop3_seen before; /* what earlier runs read */
    struct pop3_seen seen;   /* of it what is still there, and what is durable of this run */
    uint64_t group_bytes;    /* of mails given that are not durable yet */
    uint64_t *given;         /* ids, in order */
    size_t given_count;
    bool has_come; /* the server gave a mail in this session */
    int64_t started_at;
};

/* ---- the mailbox ---- */

static enum rc open_session(void *context, const struct mail_link_conf *conf, struct err *err)
{
    return pop3_session_open(conf, context, err);
}

static enum rc on_listed(void *context, int64_t number, struct str uidl, struct err *err)
{
    struct reader *reader = context;
    if (reader->n == POP3_MAILS_MOST)
        return err_set(err, RC_REJECT,
                       "the mailbox has more than %d mails, too many for POP3: use mode imap",
                       POP3_MAILS_MOST);
    if (reader->n == reader->room) {
        reader->room = reader->room > 0 ? reader->room * 2 : 256;
        reader->mails = xrealloc(reader->mails, reader->room * sizeof *reader->mails);
    }
    struct listed *listed = &reader->mails[reader->n++];
    *listed = (struct listed){.number = number, .id = pop3_seen_id(uidl)};
    (void)snprintf(listed->uidl, sizeof listed->uidl, "%.*s", STR_ARGS(uidl));
    return RC_OK;
}

/* ---- what was read ---- */

static enum rc save_seen(struct reader *reader, struct err *err)
{
    struct sync_state state = {.cursor = &reader->cursor,
                               .succeeded_at = TIME_NONE,
                               .counts = pull_run_counts(reader->pull)};
    buf_reset(&reader->cursor);
    pop3_seen_write(&reader->cursor, &reader->seen);
    return sync_save_state(reader->pull->sync, SEEN_ENTITY, &state, err);
}

static enum rc load_seen(struct reader *reader, struct err *err)
{
    struct sync_state state = {.cursor = &reader->cursor};
    buf_reset(&reader->cursor);
    enum rc rc = sync_load_state(reader->pull->sync, SEEN_ENTITY, &state, err);
    if (rc == RC_OK)
        pop3_seen_read(&reader->before, buf_peek(&reader->cursor));
    return rc;
}

/* What is no longer listed is forgotten. */
static void keep_listed(struct reader *reader)
{
    for (size_t i = 0; i < reader->n; i++) {
        uint64_t id = reader->mails[i].id;
        if (pop3_seen_has(&reader->before, id))
            pop3_seen_add(&reader->seen, id);
        pop3_seen_set_failures(&reader->seen, id, pop3_seen_failures(&reader->before, id));
    }
}

/* All that was given is durable, and is not read again. */
static enum rc end_group(struct reader *reader, struct err *err)
{
    enum rc rc = mail_flow_wait(&reader->flow, err);
    if (rc != RC_OK || reader->given_count == 0)
        return rc;
    for (size_t i = 0; i < reader->given_count; i++) {
        pop3_seen_add(&reader->seen, reader->given[i]);
        pop3_seen_set_failures(&reader->seen, reader->given[i], 0);
    }
    reader->given_count = 0;
    reader->group_bytes = 0;
    return save_seen(reader, err);
}

/* ---- mails ---- */

static struct mail_place place_of(const struct listed *mail, char origin[static ORIGIN_BYTES])
{
    int n = snprintf(origin, ORIGIN_BYTES, "pop3/%s", mail->uidl);
    return (struct mail_place){.origin = {origin, (size_t)n}, .received_at = TIME_NONE};
}

static enum rc given(struct reader *reader, const struct listed *mail, uint64_t bytes,
                     struct err *err)
{
    reader->given[reader->given_count++] = mail->id;
    reader->group_bytes += bytes;
    bool is_full =
        reader->given_count == MAIL_GROUP_MAILS || reader->group_bytes > MAIL_GROUP_BYTES;
    return is_full ? end_group(reader, err) : RC_OK;
}

/* The server lists the mail, but does not give it: perhaps it is gone by now, or cannot be read. */
static void note_failure(struct reader *reader, const struct listed *mail)
{
    unsigned failures = pop3_seen_failures(&reader->seen, mail->id);
    pop3_seen_set_failures(&reader->seen, mail->id, failures + 1);
}

static enum rc fetch(struct reader *reader, const struct listed *mail, struct err *err)
{
    struct str text;
    uint64_t bytes;
    char origin[ORIGIN_BYTES];
    enum rc rc = pop3_session_fetch(reader->session, mail->number, &text, &bytes, err);
    if (rc == RC_REJECT) {
        note_failure(reader, mail);
        return RC_OK;
    }
    if (rc == RC_RETRY) {
        struct err later;
        note_failure(reader, mail);
        enum rc stored = end_group(reader, &later);
        if (stored == RC_OK)
            stored = save_seen(reader, &later);
        return stored == RC_OK ? rc : stored;
    }
    if (rc != RC_OK)
        return rc;
    reader->has_come = true;
    struct mail_place place = place_of(mail, origin);
    rc = mail_flow_give(&reader->flow, &place, text, err);
    return rc == RC_OK ? given(reader, mail, bytes, err) : rc;
}

static bool is_given_up(const struct reader *reader, const struct listed *mail)
{
    return pop3_seen_failures(&reader->seen, mail->id) >= MAIL_TRIES;
}

/* Whether the server gives any mail at all. */
static enum rc probe(struct reader *reader, struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t i = 0; i < reader->n && !reader->has_come && rc == RC_OK; i++) {
        struct str text;
        uint64_t bytes;
        if (pop3_seen_failures(&reader->seen, reader->mails[i].id) > 0)
            continue;
        rc = pop3_session_fetch(reader->session, reader->mails[i].number, &text, &bytes, err);
        reader->has_come = rc == RC_OK;
        rc = rc == RC_REJECT ? RC_OK : rc;
    }
    return rc;
}

/* One that was asked for often enough, by a server that gives others, is a dead letter. */
static enum rc give_up(struct reader *reader, const struct listed *mail, struct err *err)
{
    char origin[ORIGIN_BYTES];
    enum rc rc = probe(reader, err);
    if (rc != RC_OK || !reader->has_come)
        return rc;
    struct mail_place place = place_of(mail, origin);
    rc = mail_flow_refuse(&reader->flow, &place,
                          "the mail server lists this mail and does not give it", err);
    return rc == RC_OK ? given(reader, mail, 0, err) : rc;
}

static enum rc each_mail(struct reader *reader, bool are_given_up,
                         enum rc (*each)(struct reader *, const struct listed *, struct err *),
                         struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < reader->n; i++) {
        const struct listed *mail = &reader->mails[i];
        if (pop3_seen_has(&reader->before, mail->id) || is_given_up(reader, mail) != are_given_up)
            continue;
        rc = stop_requested() ? RC_AGAIN : each(reader, mail, err);
    }
    return rc;
}

/* ---- a run ---- */

static enum rc read_all(struct reader *reader, struct err *err)
{
    enum rc rc = load_seen(reader, err);
    if (rc == RC_OK)
        rc = mail_login_open(&reader->pull->conf->login, open_session, &reader->session, err);
    if (rc == RC_OK)
        rc = pop3_session_mails(reader->session, on_listed, reader, err);
    if (rc != RC_OK)
        return rc;
    keep_listed(reader);
    reader->given = xcalloc(MAIL_GROUP_MAILS, sizeof *reader->given);
    rc = each_mail(reader, true, give_up, err);
    if (rc == RC_OK)
        rc = each_mail(reader, false, fetch, err);
    if (rc == RC_OK)
        rc = end_group(reader, err);
    if (rc == RC_OK)
        rc = pull_end_run(reader->pull, reader->seen.suspect_count > 0, STR_NULL, err);
    if (rc == RC_OK && reader->seen.suspect_count > 0)
        rc = save_seen(reader, err);
    return rc == RC_OK ? mail_flow_succeeded(&reader->flow, reader->started_at, err) : rc;
}

static void forget(struct reader *reader)
{
    pop3_session_close(&reader->session);
    pop3_seen_done(&reader->before);
    pop3_seen_done(&reader->seen);
    free(reader->mails);
    free(reader->given);
    reader->mails = NULL;
    reader->given = NULL;
    reader->n = reader->room = reader->given_count = 0;
    reader->group_bytes = 0;
    reader->has_come = false;
}

static enum rc run(void *context, struct err *err)
{
    struct reader *reader = context;
    reader->started_at = clock_now_us();
    reader->flow.operation = SYNC_INCREMENTAL;
    enum rc rc = read_all(reader, err);
    forget(reader);
    return mail_flow_end(rc, err);
}

/* ---- the kind ---- */

static enum rc open_reader(struct pull *pull, void **reader_out, struct err *err)
{
    struct reader *reader = xcalloc(1, sizeof *reader);
    reader->pull = pull;
    reader->flow = (struct mail_flow){.pull = pull};
    buf_init(&reader->cursor, POP3_SEEN_BYTES);
    *reader_out = reader;
    return pull_publisher_open(pull, NULL, NULL, NULL, err);
}

static void close_reader(void **context)
{
    struct reader *reader = *context;
    if (reader == NULL)
        return;
    forget(reader);
    buf_done(&reader->cursor);
    free(reader);
    *context = NULL;
}

static enum rc count_mail(void *context, int64_t number, struct str uidl, struct err *err)
{
    (void)number, (void)uidl, (void)err;
    ++*(size_t *)context;
    return RC_OK;
}

static enum rc check(const struct pull_conf *conf, char detail[static PULL_DETAIL_BYTES],
                     struct err *err)
{
    struct pop3_session *session = NULL;
    size_t count = 0;
    enum rc rc = mail_login_open(&conf->login, open_session, &session, err);
    if (rc == RC_OK)
        rc = pop3_session_mails(session, count_mail, &count, err);
    if (rc == RC_OK)
        (void)snprintf(detail, PULL_DETAIL_BYTES, "%zu mails", count);
    pop3_session_close(&session);
    return rc;
}

const struct pull_kind pop3_pull = {
    .channel = "email",
    .mode = "pop3",
    .entity = MAIL_ENTITY,
    .open = open_reader,
    .run = run,
    .close = close_reader,
    .check = check,
};
