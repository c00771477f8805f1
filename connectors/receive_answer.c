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
};

/* Bodies name no tenant, connector or cause: the answer to a stranger teaches nothing. */
static const struct row rows[VERDICTS] = {
    [VERDICT_OPEN] = {"open", 0, "", NULL, NULL},
    [VERDICT_STORED] = {"stored", MHD_HTTP_OK, "", NULL, NULL},
    [VERDICT_VERIFIED] = {"verified", MHD_HTTP_OK, "", NULL, NULL},
    [VERDICT_MALFORMED] = {"malformed", MHD_HTTP_BAD_REQUEST, "bad request\n", NULL, NULL},
    [VERDICT_UNAUTHORIZED] = {"unauthorized", MHD_HTTP_UNAUTHORIZED, "unauthorized\n", NULL, NULL},
    [VERDICT_ASKED] = {"asked", MHD_HTTP_UNAUTHORIZED, "unauthorized\n",
                       MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Basic realm=\"sluice\""},
    [VERDICT_FORBIDDEN] = {"forbidden", MHD_HTTP_FORBIDDEN, "forbidden\n", NULL, NULL},
    [VERDICT_NOT_FOUND] = {"not_found", MHD_HTTP_NOT_FOUND, "not found\n", NULL, NULL},
    [VERDICT_METHOD] = {"method", MHD_HTTP_METHOD_NOT_ALLOWED, "method not allowed\n",
                        MHD_HTTP_HEADER_ALLOW, "GET, POST"},
    [VERDICT_TOO_LARGE] = {"too_large", MHD_HTTP_CONTENT_TOO_LARGE, "body too large\n", NULL, NULL},
    [VERDICT_BUSY] = {"busy", MHD_HTTP_SERVICE_UNAVAILABLE, "busy\n", MHD_HTTP_HEADER_RETRY_AFTER,
                      "1"},
    [VERDICT_UNAVAILABLE] = {"unavailable", MHD_HTTP_SERVICE_UNAVAILABLE, "unavailable\n",
                             MHD_HTTP_HEADER_RETRY_AFTER, "5"},
    [VERDICT_ABORTED] = {"aborted", 0, "", NULL, NULL},
};

struct receive_answers {
    struct MHD_Response *responses[VERDICTS][2]; /* [closing] */
};

static struct MHD_Response *response_of(const struct row *row, bool closing)
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
    if (closing)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    return response;
}

struct receive_answers *receive_answers_new(void)
{
    struct receive_answers *answers = xcalloc(1, sizeof *answers);
    for (int i = 0; i < VERDICTS; i++) {
        answers->responses[i][false] = response_of(&rows[i], false);
        answers->responses[i][true] = response_of(&rows[i], true);
    }
    return answers;
}

void receive_answers_free(struct receive_answers **answers)
{
    if (answers == NULL || *answers == NULL)
        return;
    for (int i = 0; i < VERDICTS; i++) {
        MHD_destroy_response((*answers)->responses[i][false]);
        MHD_destroy_response((*answers)->responses[i][true]);
    }
    free(*answers);
    *answers = NULL;
}

const char *verdict_name(enum verdict verdict)
{
    return rows[verdict].name;
}

enum MHD_Result receive_answer(const struct receive_answers *answers,
                               struct MHD_Connection *connection, enum verdict verdict,
                               bool closing)
{
    return MHD_queue_response(connection, rows[verdict].status,
                              answers->responses[verdict][closing]);
}
