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

struct jpath_element *sent_next(struct jpath_element *element)
{
    return element != NULL ? element->next : NULL;
}
