/* letter.c: see letter.h. */
#include "loaders/letter.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/digest.h"
#include "queries.h"
#include "transform/ids.h"

enum { PARAMETERS = 12, NUMBER_BYTES = 24, BINARY = 1, CODE_MAX_BYTES = 200 };

struct uuid letter_tenant(struct str tenant_id, struct str slug)
{
    struct uuid id;
    if (tenant_id.p != NULL && uuid_from_text(tenant_id, &id))
        return id;
    return ids_tenant(slug.p != NULL && slug.n > 0 ? slug : STR_LIT("unknown"));
}

static struct str known_stage(struct str stage)
{
    static const char *const stages[] = {"receive", "parse", "normalize",
                                         "publish", "load",  "derive"};
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++)
        if (str_is(stage, stages[i]))
            return stage;
    return STR_LIT("receive");
}

/* The code is part of a key: one too long for the index would stop the loader for good. */
static struct str known_code(struct str code)
{
    if (code.p == NULL)
        return STR_LIT("unknown");
    return code.n <= CODE_MAX_BYTES ? code : STR_LIT("reason_too_long");
}

static struct str or_text(struct str text, const char *otherwise)
{
    return text.p != NULL ? text : str_of(otherwise);
}

enum rc letter_write(PGconn *connection, const struct letter *letter, struct err *err)
{
    char channel[UUID_TEXT_BYTES];
    char partition[NUMBER_BYTES];
    char offset[NUMBER_BYTES];
    char failed_at[CLOCK_TEXT_BYTES];
    unsigned char digest[DIGEST_SHA256_BYTES];
    struct str payload = or_text(letter->payload, "");

    enum rc rc = database_set_tenant(connection, &letter->tenant_id, err);
    if (rc != RC_OK)
        return rc;
    uuid_format(&letter->channel_id, channel);
    (void)snprintf(partition, sizeof partition, "%" PRId32, letter->partition);
    (void)snprintf(offset, sizeof offset, "%" PRId64, letter->offset);
    clock_format(letter->failed_at != TIME_NONE ? letter->failed_at : clock_now_us(), failed_at);
    digest_sha256(payload, digest);

    const char *values[PARAMETERS] = {
        uuid_is_none(&letter->channel_id) ? NULL : channel,
        known_stage(letter->stage).p,
        letter->entity_type.p,
        letter->external_id.p,
        known_code(letter->code).p,
        or_text(letter->message, "-").p,
        payload.p,
        (const char *)digest,
        letter->topic.p,
        partition,
        offset,
        failed_at,
    };
    const int lengths[PARAMETERS] = {[6] = (int)payload.n, [7] = sizeof digest};
    const int formats[PARAMETERS] = {[6] = BINARY, [7] = BINARY};
    PGresult *result = PQexecParams(connection, query_load_dead_letter, PARAMETERS, NULL, values,
                                    lengths, formats, 0);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        rc = database_error(connection, result, "keep a dead letter", err);
    PQclear(result);
    return rc;
}
