#include "transform/email/sent.h"

enum rc sent_without_id(struct map *map, bool is_refused, struct err *err)
{
    if (is_refused)
        return payload_ignore(map);
    return payload_reject(map, REJECT_MISSING_MEMBER, "response",
                          "expected the id that the provider gave the mail", err);
}

enum rc sent_incomplete(struct map *map, bool has_request, struct err *err)
{
    return payload_reject(map, REJECT_MISSING_MEMBER, has_request ? "response" : "request",
                          "expected a pair of a request and its response", err);
}

enum rc sent_batch(struct map *map, const struct jpath_list *requests,
                   const struct jpath_list *responses, sent_emit_fn *emit, struct err *err)
{
    enum rc rc = RC_OK;
    const struct jpath_element *response = responses->first;
    const struct jpath_element *request = requests->first;
    for (; request != NULL && rc == RC_OK; request = request->next) {
        rc = emit(map, request, response, err);
        response = response != NULL ? response->next : NULL;
    }
    return rc;
}
