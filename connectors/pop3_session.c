#include "connectors/pop3_session.h"

#include <stdio.h>
#include <stdlib.h>

#include "connectors/pop3_reader.h"
#include "lib/arena.h"
#include "lib/decimal.h"
#include "lib/limits.h"

#define LINE_BYTES 1024
#define COMMAND_BYTES 64
#define ID_BYTES 70

struct pop3_session {
    struct mail_link *link;
    struct pop3_reader reader;
    bool is_broken;
};

enum rc pop3_session_open(const struct mail_link_conf *conf, struct pop3_session **session_out,
                          struct err *err)
{
    *session_out = NULL;
    struct mail_link *link = NULL;
    enum rc rc = mail_link_open(conf, &link, err);
    if (rc != RC_OK)
        return rc;
    struct pop3_session *session = xcalloc(1, sizeof *session);
    session->link = link;
    pop3_reader_init(&session->reader, LIMIT_MAIL_BYTES);
    *session_out = session;
    return RC_OK;
}

void pop3_session_close(struct pop3_session **session)
{
    if (session == NULL || *session == NULL)
        return;
    struct err ignored;
    if (!(*session)->is_broken && mail_link_send((*session)->link, STR_LIT("QUIT\r\n"), &ignored))
        (*session)->is_broken = true;
    mail_link_close(&(*session)->link);
    pop3_reader_done(&(*session)->reader);
    free(*session);
    *session = NULL;
}

/* ---- a command and its answer ---- */

static enum rc read_line(struct pop3_session *session, char line[static LINE_BYTES],
                         struct err *err)
{
    size_t n = 0;
    for (;;) {
        struct str bytes;
        enum rc rc = mail_link_peek(session->link, &bytes, err);
        if (rc != RC_OK)
            return rc;
        const char *end = memchr(bytes.p, '\n', bytes.n);
        size_t part = end != NULL ? (size_t)(end - bytes.p) + 1 : bytes.n;
        if (n + part >= LINE_BYTES)
            return err_set(err, RC_RETRY, "the mail server's answer is no POP3");
        memcpy(line + n, bytes.p, part);
        n += part;
        mail_link_take(session->link, part);
        if (end == NULL)
            continue;
        while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
            n--;
        line[n] = '\0';
        return RC_OK;
    }
}

/* "-ERR [SYS/TEMP] text" */
static enum rc refused(const char *line, const char *what, struct err *err)
{
    char said[MAIL_SAID_BYTES];
    struct str text = str_of(line + strcspn(line, " "));
    text = text.n > 0 ? (struct str){text.p + 1, text.n - 1} : text;
    const char *close = text.n > 0 && text.p[0] == '[' ? memchr(text.p, ']', text.n) : NULL;
    struct str code =
        close != NULL ? (struct str){text.p + 1, (size_t)(close - text.p) - 1} : STR_NULL;
    mail_link_said(text, said);
    return err_set(err, mail_link_is_for_now(code) ? RC_RETRY : RC_REJECT,
                   "the mail server refused to %s: %s", what, said);
}

static enum rc read_answer(struct pop3_session *session, struct err *err)
{
    bool has_ended = false;
    pop3_reader_begin(&session->reader);
    while (!has_ended) {
        struct str bytes;
        size_t taken;
        enum rc rc = mail_link_peek(session->link, &bytes, err);
        if (rc != RC_OK)
            return rc;
        has_ended = pop3_reader_feed(&session->reader, bytes, &taken);
        mail_link_take(session->link, taken);
    }
    return RC_OK;
}

/* A command whose answer has many lines. */
static enum rc run(struct pop3_session *session, const char *command, const char *what,
                   struct err *err)
{
    char line[LINE_BYTES];
    if (session->is_broken)
        return err_set(err, RC_RETRY, "the connection to the mail server was lost");
    enum rc rc = mail_link_send(session->link, str_of(command), err);
    if (rc == RC_OK)
        rc = read_line(session, line, err);
    if (rc == RC_OK && strncmp(line, "+OK", 3) != 0)
        return refused(line, what, err);
    if (rc == RC_OK)
        rc = read_answer(session, err);
    session->is_broken = rc != RC_OK;
    return rc;
}

/* ---- what is asked ---- */

static struct str line_of(struct str *rest)
{
    const char *end = memchr(rest->p, '\n', rest->n);
    struct str line = {rest->p, end != NULL ? (size_t)(end - rest->p) : rest->n};
    size_t past = line.n + (end != NULL);
    *rest = (struct str){rest->p + past, rest->n - past};
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

enum rc pop3_session_mails(struct pop3_session *session, pop3_mail_fn *each, void *context,
                           struct err *err)
{
    enum rc rc = run(session, "UIDL\r\n", "list its mails by lasting ids (UIDL)", err);
    struct str rest = buf_peek(&session->reader.text);
    if (rc == RC_OK && session->reader.bytes > LIMIT_MAIL_BYTES)
        rc = err_set(err, RC_REJECT, "the mail server lists more mails than can be read by POP3");
    while (rc == RC_OK && rest.n > 0) {
        struct str line = line_of(&rest);
        const char *blank = line.n > 0 ? memchr(line.p, ' ', line.n) : NULL;
        int64_t number;
        if (blank == NULL ||
            !decimal_parse((struct str){line.p, (size_t)(blank - line.p)}, &number))
            continue;
        struct str id = {blank + 1, (size_t)(line.p + line.n - (blank + 1))};
        if (id.n > 0 && id.n <= ID_BYTES)
            rc = each(context, number, id, err);
    }
    return rc;
}

enum rc pop3_session_fetch(struct pop3_session *session, int64_t number, struct str *mail_out,
                           uint64_t *bytes_out, struct err *err)
{
    char command[COMMAND_BYTES];
    (void)snprintf(command, sizeof command, "RETR %lld\r\n", (long long)number);
    enum rc rc = run(session, command, "give a mail", err);
    *mail_out = buf_peek(&session->reader.text);
    *bytes_out = session->reader.bytes;
    return rc;
}
