#include "connectors/receive_answer.h"

#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"

struct row {
    const char *name;
    unsigned int status;
    const char *body;
    const char *header; /* NULL = none */
    const char *value;
    bool is_4xx_to_repeat; /* 503 to senders that do not repeat what is answered 4xx */
};

/* Genuine senders are refused like this while a secret is being replaced, or a clock is wrong. */
#define REPEAT_AFTER_S "60"

/* Bodies name no tenant, connector or cause: the answer to a stranger teaches nothing. */
static const struct row rows[VERDICTS] = {
    [VERDICT_OPEN] = {"open", 0, "", NULL, NULL},
    [VERDICT_STORED] = {"stored", MHD_HTTP_OK, "", NULL, NULL},
    [VERDICT_VERIFIED] = {"verified", MHD_HTTP_OK, "", NULL, NULL},
    [VERDICT_MALFORMED] = {"malformed", MHD_HTTP_BAD_REQUEST, "bad request\n", NULL, NULL},
    [VERDICT_UNAUTHORIZED] = {"unauthorized", MHD_HTTP_UNAUTHORIZED, "unauthorized\n", NULL, NULL,
                              .is_4xx_to_repeat = true},
    [VERDICT_ASKED] = {"asked", MHD_HTTP_UNAUTHORIZED, "unauthorized\n",
                       MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Basic realm=\"sluice\""},
    [VERDICT_FORBIDDEN] = {"forbidden", MHD_HTTP_FORBIDDEN, "forbidden\n", NULL, NULL},
    [VERDICT_NOT_FOUND] = {"not_found", MHD_HTTP_NOT_FOUND, "not found\n", NULL, NULL},
    [VERDICT_METHOD] = {"method", MHD_HTTP_METHOD_NOT_ALLOWED, "method not allowed\n",
                        MHD_HTTP_HEADER_ALLOW, "GET, POST"},
    [VERDICT_TOO_LARGE] = {"too_large", MHD_HTTP_CONTENT_TOO_LARGE, "body too large\n", NULL, NULL},
    [VERDICT_ENCODING] = {"encoding", MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "unsupported encoding\n",
                          MHD_HTTP_HEADER_ACCEPT_ENCODING, "gzip"},
    [VERDICT_BUSY] = {"busy", MHD_HTTP_SERVICE_UNAVAILABLE, "busy\n", MHD_HTTP_HEADER_RETRY_AFTER,
                      "1"},
    [VERDICT_UNAVAILABLE] = {"unavailable", MHD_HTTP_SERVICE_UNAVAILABLE, "unavailable\n",
                             MHD_HTTP_HEADER_RETRY_AFTER, "5"},
    [VERDICT_ABORTED] = {"aborted", 0, "", NULL, NULL},
};

struct receive_answers {
    struct MHD_Response *responses[VERDICTS][2][2]; /* [is 503 instead][closing] */
};

static struct MHD_Response *response_of(const struct row *row, bool is_503, bool closing)
{
    /* MHD does not write to a persistent buffer; its signature only predates const. */
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(row->body), (void *)(uintptr_t)row->body, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        abort(); /* out of memory at start */
    if (row->body[0] != '\0')
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
    if (row->header != NULL)
        (void)MHD_add_response_header(response, row->header, row->value);
    if (is_503)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, REPEAT_AFTER_S);
    if (closing)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    return response;
}

struct receive_answers *receive_answers_new(void)
{
    struct receive_answers *answers = xcalloc(1, sizeof *answers);
    for (int i = 0; i < VERDICTS; i++)
        for (int j = 0; j < 4; j++)
            answers->responses[i][j / 2][j % 2] = response_of(&rows[i], j / 2, j % 2);
    return answers;
}

void receive_answers_free(struct receive_answers **answers)
{
    if (answers == NULL || *answers == NULL)
        return;
    for (int i = 0; i < VERDICTS; i++)
        for (int j = 0; j < 4; j++)
            MHD_destroy_response((*answers)->responses[i][j / 2][j % 2]);
    free(*answers);
    *answers = NULL;
}

const char *verdict_name(enum verdict verdict)
{
    return rows[verdict].name;
}

enum MHD_Result receive_answer(const struct receive_answers *answers,
                               struct MHD_Connection *connection, enum verdict verdict, bool no_4xx,
                               bool closing)
{
    bool is_503 = no_4xx && rows[verdict].is_4xx_to_repeat;
    return MHD_queue_response(connection,
                              is_503 ? MHD_HTTP_SERVICE_UNAVAILABLE : rows[verdict].status,
                              answers->responses[verdict][is_503][closing]);
}
