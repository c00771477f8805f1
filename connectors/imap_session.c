#include "connectors/imap_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "lib/buf.h"
#include "lib/limits.h"

#define COMMAND_BYTES (64 * KIB)
#define ARENA_BYTES (8 * MIB)
#define MAILS_MOST 1000000
#define TAG_BYTES 16

struct imap_session {
    struct mail_link *link;
    struct imap_reader *reader;
    struct buf command;
    struct arena *arena; /* of one response */
    unsigned count;      /* of commands */
    char tag[TAG_BYTES];
    bool is_broken; /* nothing more can be said to the server */
    bool has_id, has_labels, has_roles;
};

/* ---- a command and its responses ---- */

typedef enum rc response_fn(void *context, struct imap_session *session, enum imap_kind kind,
                            int64_t number, struct str rest, const struct imap_response *response,
                            struct err *err);

static struct str begin_command(struct imap_session *session)
{
    (void)snprintf(session->tag, sizeof session->tag, "s%06u", ++session->count % 1000000);
    buf_reset(&session->command);
    (void)buf_printf(&session->command, "%s ", session->tag);
    return str_of(session->tag);
}

static enum rc read_response(struct imap_session *session, struct imap_response *response_out,
                             struct err *err)
{
    enum rc rc = RC_AGAIN;
    while (rc == RC_AGAIN) {
        struct str bytes;
        size_t taken = 0;
        rc = mail_link_peek(session->link, &bytes, err);
        if (rc != RC_OK)
            return rc;
        rc = imap_reader_feed(session->reader, bytes, &taken, response_out, err);
        mail_link_take(session->link, taken);
    }
    return rc;
}

static bool is_word(struct str word, const char *text)
{
    return word.n == strlen(text) && strncasecmp(word.p, text, word.n) == 0;
}

static enum rc end_of_command(struct imap_session *session, struct str rest, const char *what,
                              struct err *err)
{
    struct imap_status status;
    char said[MAIL_SAID_BYTES];
    if (!imap_words_status(rest, &status)) {
        session->is_broken = true;
        return err_set(err, RC_RETRY, "the mail server's answer to \"%s\" is no IMAP", what);
    }
    if (is_word(status.word, "OK"))
        return RC_OK;
    mail_link_said(rest, said);
    return err_set(err, mail_link_is_for_now(status.code) ? RC_RETRY : RC_REJECT,
                   "the mail server refused to %s: %s", what, said);
}

/* The server closes the connection: it says why. */
static enum rc said_bye(struct str rest, struct err *err)
{
    struct imap_status status;
    char said[MAIL_SAID_BYTES];
    if (!imap_words_status(rest, &status) || !is_word(status.word, "BYE"))
        return RC_OK;
    mail_link_said(status.text, said);
    return err_set(err, RC_RETRY, "the mail server closed the connection: %s", said);
}

/* Sends what stands in session->command. what: for messages, "open the folder". */
static enum rc run(struct imap_session *session, struct str tag, const char *what,
                   response_fn *each, void *context, struct err *err)
{
    (void)buf_add_text(&session->command, "\r\n");
    if (session->is_broken)
        return err_set(err, RC_RETRY, "the connection to the mail server was lost");
    if (buf_is_full(&session->command))
        return err_set(err, RC_REJECT, "a command for the mail server is too long");
    enum rc rc = mail_link_send(session->link, buf_peek(&session->command), err);
    bool has_ended = false;
    while (rc == RC_OK && !has_ended) {
        struct imap_response response;
        struct str rest;
        int64_t number;
        rc = read_response(session, &response, err);
        if (rc != RC_OK)
            break;
        arena_reset(session->arena);
        enum imap_kind kind = imap_words_kind(response.text, tag, &number, &rest);
        has_ended = kind == IMAP_TAGGED;
        if (has_ended)
            return end_of_command(session, rest, what, err);
        if (kind == IMAP_STATUS)
            rc = said_bye(rest, err);
        if (rc == RC_OK && each != NULL)
            rc = each(context, session, kind, number, rest, &response, err);
    }
    session->is_broken = true;
    return rc;
}

static enum rc run_text(struct imap_session *session, const char *text, const char *what,
                        response_fn *each, void *context, struct err *err)
{
    struct str tag = begin_command(session);
    (void)buf_add_text(&session->command, text);
    return run(session, tag, what, each, context, err);
}

/* ---- opening ---- */

static bool has_word(struct str text, const char *word)
{
    size_t n = strlen(word);
    for (size_t at = 0; at + n <= text.n; at++) {
        bool begins = at == 0 || text.p[at - 1] == ' ';
        bool ends = at + n == text.n || text.p[at + n] == ' ';
        if (begins && ends && strncasecmp(text.p + at, word, n) == 0)
            return true;
    }
    return false;
}

static enum rc on_capability(void *context, struct imap_session *session, enum imap_kind kind,
                             int64_t number, struct str rest, const struct imap_response *response,
                             struct err *err)
{
    (void)context, (void)number, (void)response, (void)err;
    if (kind != IMAP_CAPABILITY)
        return RC_OK;
    session->has_id = has_word(rest, "ID");
    session->has_labels = has_word(rest, "X-GM-EXT-1");
    session->has_roles = has_word(rest, "SPECIAL-USE") && has_word(rest, "LIST-EXTENDED");
    return RC_OK;
}

/* Google asks its clients to say who they are. */
static enum rc greet(struct imap_session *session, struct err *err)
{
    enum rc rc = run_text(session, "CAPABILITY", "list its capabilities", on_capability, NULL, err);
    if (rc != RC_OK || !session->has_id)
        return rc;
    rc = run_text(session, "ID (\"name\" \"sluice\" \"version\" \"" SLUICE_VERSION "\")",
                  "take a greeting", NULL, NULL, err);
    return rc == RC_REJECT ? RC_OK : rc;
}

enum rc imap_session_open(const struct mail_link_conf *conf, struct imap_session **session_out,
                          struct err *err)
{
    *session_out = NULL;
    struct mail_link *link = NULL;
    enum rc rc = mail_link_open(conf, &link, err);
    if (rc != RC_OK)
        return rc;
    struct imap_session *session = xcalloc(1, sizeof *session);
    session->link = link;
    session->reader = imap_reader_new();
    session->arena = arena_new("imap response", ARENA_BYTES);
    buf_init(&session->command, COMMAND_BYTES);
    rc = greet(session, err);
    if (rc != RC_OK)
        imap_session_close(&session);
    *session_out = session;
    return rc;
}

void imap_session_close(struct imap_session **session)
{
    struct imap_session *s = session != NULL ? *session : NULL;
    if (s == NULL)
        return;
    if (!s->is_broken) {
        struct err ignored;
        (void)begin_command(s);
        (void)buf_add_text(&s->command, "LOGOUT\r\n");
        if (mail_link_send(s->link, buf_peek(&s->command), &ignored) != RC_OK)
            s->is_broken = true;
    }
    mail_link_close(&s->link);
    imap_reader_free(&s->reader);
    arena_free(&s->arena);
    buf_done(&s->command);
    free(s);
    *session = NULL;
}

bool imap_session_is_gmail(const struct imap_session *session)
{
    return session->has_labels;
}

enum rc imap_session_ping(struct imap_session *session, struct err *err)
{
    return run_text(session, "NOOP", "answer", NULL, NULL, err);
}

/* ---- folders ---- */

struct each_folder {
    imap_folder_fn *each;
    void *context;
};

static enum rc on_list(void *context, struct imap_session *session, enum imap_kind kind,
                       int64_t number, struct str rest, const struct imap_response *response,
                       struct err *err)
{
    const struct each_folder *to = context;
    struct imap_folder folder;
    (void)number, (void)response;
    if (kind != IMAP_LIST || !imap_words_list(session->arena, rest, &folder))
        return RC_OK;
    return to->each(to->context, &folder, err);
}

enum rc imap_session_folders(struct imap_session *session, imap_folder_fn *each, void *context,
                             struct err *err)
{
    struct each_folder to = {each, context};
    return run_text(session,
                    session->has_roles ? "LIST \"\" \"*\" RETURN (SPECIAL-USE)" : "LIST \"\" \"*\"",
                    "list the folders", on_list, &to, err);
}

static enum rc on_examine(void *context, struct imap_session *session, enum imap_kind kind,
                          int64_t number, struct str rest, const struct imap_response *response,
                          struct err *err)
{
    struct imap_box *box = context;
    struct imap_status status;
    (void)session, (void)response, (void)err;
    if (kind == IMAP_EXISTS)
        box->count = number;
    if (kind != IMAP_STATUS || !imap_words_status(rest, &status))
        return RC_OK;
    (void)imap_words_code(status.code, "UIDVALIDITY", &box->uid_validity);
    (void)imap_words_code(status.code, "UIDNEXT", &box->uid_next);
    return RC_OK;
}

static enum rc on_highest(void *context, struct imap_session *session, enum imap_kind kind,
                          int64_t number, struct str rest, const struct imap_response *response,
                          struct err *err)
{
    int64_t *highest = context;
    struct imap_fetched fetched;
    (void)number, (void)err;
    if (kind == IMAP_FETCH && imap_words_fetch(session->arena, response, rest, &fetched) &&
        fetched.uid > *highest)
        *highest = fetched.uid;
    return RC_OK;
}

/* Servers of old say no UIDNEXT. */
static enum rc find_next(struct imap_session *session, struct imap_box *box, struct err *err)
{
    int64_t highest = 0;
    enum rc rc = RC_OK;
    if (box->count > 0)
        rc = run_text(session, "FETCH * (UID)", "give the last mail's UID", on_highest, &highest,
                      err);
    box->uid_next = highest + 1;
    return rc;
}

static bool is_uid(int64_t number)
{
    return number > 0 && number <= UINT32_MAX;
}

enum rc imap_session_examine(struct imap_session *session, struct str folder,
                             struct imap_box *box_out, struct err *err)
{
    struct str tag = begin_command(session);
    *box_out = (struct imap_box){.uid_validity = 0};
    (void)buf_add_text(&session->command, "EXAMINE ");
    if (!imap_words_quote(&session->command, folder))
        return err_set(err, RC_REJECT, "the folder's name has characters that none may have");
    enum rc rc = run(session, tag, "open the folder", on_examine, box_out, err);
    if (rc == RC_OK && box_out->uid_next == 0)
        rc = find_next(session, box_out, err);
    if (rc == RC_OK && (!is_uid(box_out->uid_validity) || !is_uid(box_out->uid_next)))
        rc = err_set(err, RC_REJECT,
                     "the mail server gives the folder no lasting numbers (UIDVALIDITY %lld, "
                     "UIDNEXT %lld)",
                     (long long)box_out->uid_validity, (long long)box_out->uid_next);
    return rc;
}

/* ---- mails ---- */

struct collect {
    struct imap_mails *mails;
    uint32_t first, last;
};

static enum rc collect(struct collect *to, int64_t uid, int64_t bytes, struct err *err)
{
    struct imap_mails *mails = to->mails;
    if (uid < to->first || uid > to->last)
        return RC_OK; /* somebody else's news */
    if (mails->n == MAILS_MOST)
        return err_set(err, RC_RETRY, "the mail server listed more mails than were asked for");
    if (mails->n == mails->room) {
        mails->room = mails->room > 0 ? mails->room * 2 : 1024;
        mails->v = xrealloc(mails->v, mails->room * sizeof *mails->v);
    }
    mails->v[mails->n++] =
        (struct imap_mail){.uid = (uint32_t)uid, .bytes = bytes > 0 ? (uint64_t)bytes : 0};
    return RC_OK;
}

static enum rc on_size(void *context, struct imap_session *session, enum imap_kind kind,
                       int64_t number, struct str rest, const struct imap_response *response,
                       struct err *err)
{
    struct imap_fetched fetched;
    (void)number;
    if (kind != IMAP_FETCH || !imap_words_fetch(session->arena, response, rest, &fetched) ||
        fetched.size < 0)
        return RC_OK;
    return collect(context, fetched.uid, fetched.size, err);
}

static enum rc on_found(void *context, struct imap_session *session, enum imap_kind kind,
                        int64_t number, struct str rest, const struct imap_response *response,
                        struct err *err)
{
    (void)session, (void)number, (void)response;
    enum rc rc = RC_OK;
    while (kind == IMAP_SEARCH && rest.n > 0 && rc == RC_OK) {
        char *end;
        unsigned long long uid = strtoull(rest.p, &end, 10);
        size_t n = (size_t)(end - rest.p);
        if (n == 0)
            break;
        rc = collect(context, (int64_t)uid, 0, err);
        n += n < rest.n;
        rest = (struct str){rest.p + n, n < rest.n ? rest.n - n : 0};
    }
    return rc;
}

static int by_uid(const void *a, const void *b)
{
    uint32_t x = ((const struct imap_mail *)a)->uid, y = ((const struct imap_mail *)b)->uid;
    return (x > y) - (x < y);
}

/* A mail may be told of twice. */
static void sort_mails(struct imap_mails *mails)
{
    size_t kept = 0;
    if (mails->n > 0)
        qsort(mails->v, mails->n, sizeof *mails->v, by_uid);
    for (size_t i = 0; i < mails->n; i++)
        if (kept == 0 || mails->v[kept - 1].uid != mails->v[i].uid)
            mails->v[kept++] = mails->v[i];
    mails->n = kept;
}

static enum rc sizes(struct imap_session *session, struct collect *to, struct err *err)
{
    struct str tag = begin_command(session);
    (void)buf_printf(&session->command, "UID FETCH %u:%u (UID RFC822.SIZE)", to->first, to->last);
    return run(session, tag, "list the mails", on_size, to, err);
}

static enum rc search(struct imap_session *session, const struct imap_span *span,
                      struct collect *to, struct err *err)
{
    struct str tag = begin_command(session);
    (void)buf_printf(&session->command, "UID SEARCH UID %u:%u", to->first, to->last);
    if (span->since != NULL)
        (void)buf_printf(&session->command, " SINCE %s", span->since);
    if (span->before != NULL)
        (void)buf_printf(&session->command, " BEFORE %s", span->before);
    return run(session, tag, "search mails by date", on_found, to, err);
}

/* Those of a that are in b too; both ascend. */
static void intersect(struct imap_mails *a, const struct imap_mails *b)
{
    size_t kept = 0, j = 0;
    for (size_t i = 0; i < a->n; i++) {
        while (j < b->n && b->v[j].uid < a->v[i].uid)
            j++;
        if (j < b->n && b->v[j].uid == a->v[i].uid)
            a->v[kept++] = a->v[i];
    }
    a->n = kept;
}

enum rc imap_session_mails(struct imap_session *session, uint32_t first, uint32_t last,
                           const struct imap_span *span, struct imap_mails *mails, struct err *err)
{
    struct imap_mails found = {NULL, 0, 0};
    struct collect all = {mails, first, last}, of_span = {&found, first, last};
    bool has_span = span->since != NULL || span->before != NULL;
    mails->n = 0;
    enum rc rc = has_span ? search(session, span, &of_span, err) : RC_OK;
    if (rc == RC_OK && (!has_span || found.n > 0))
        rc = sizes(session, &all, err);
    sort_mails(mails);
    sort_mails(&found);
    if (has_span)
        intersect(mails, &found);
    free(found.v);
    return rc;
}

struct each_mail {
    imap_fetched_fn *each;
    void *context;
};

static enum rc on_mail(void *context, struct imap_session *session, enum imap_kind kind,
                       int64_t number, struct str rest, const struct imap_response *response,
                       struct err *err)
{
    const struct each_mail *to = context;
    struct imap_fetched fetched;
    (void)number;
    if (kind != IMAP_FETCH)
        return RC_OK;
    bool is_read = imap_words_fetch(session->arena, response, rest, &fetched);
    if (!is_read && !str_is_null(response->mail))
        return err_set(err, RC_RETRY, "the mail server sent a mail in a form that is no IMAP");
    if (!is_read || !fetched.has_mail || !is_uid(fetched.uid))
        return RC_OK; /* news of flags and the like */
    uint64_t bytes = !str_is_null(response->mail) ? response->mail_bytes : fetched.mail.n;
    return to->each(to->context, &fetched, bytes, err);
}

enum rc imap_session_fetch(struct imap_session *session, struct str set, imap_fetched_fn *each,
                           void *context, struct err *err)
{
    struct each_mail to = {each, context};
    struct str tag = begin_command(session);
    (void)buf_printf(&session->command, "UID FETCH %.*s (UID FLAGS INTERNALDATE%s BODY.PEEK[])",
                     STR_ARGS(set), session->has_labels ? " X-GM-LABELS" : "");
    return run(session, tag, "give mails", on_mail, &to, err);
}
