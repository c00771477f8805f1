#include "transform/b2chat/rules.h"

#define P struct b2_person
const struct jpath_rule b2_person_rules[] = {
    JPATH_SCALAR("id", P, id),
    JPATH_SCALAR("contact_id", P, contact_id),
    JPATH_SCALAR("name", P, name),
    JPATH_SCALAR("fullname", P, fullname),
    JPATH_SCALAR("mobile", P, mobile),
    JPATH_SCALAR("mobile_number", P, mobile_number),
    JPATH_SCALAR("landline", P, landline),
    JPATH_SCALAR("phone_number", P, phone_number),
    JPATH_SCALAR("email", P, email),
    JPATH_SCALAR("identification", P, identification),
    JPATH_RULES_END,
};
#undef P

#define T struct b2_contact_tag
static const struct jpath_rule contact_tag_rules[] = {
    JPATH_SCALAR("name", T, name),
    JPATH_SCALAR("assigned_at", T, assigned_at),
    JPATH_RULES_END,
};
#undef T

#define C struct b2_contact
const struct jpath_rule b2_contact_rules[] = {
    JPATH_PART("", C, person, struct b2_person, b2_person_rules),
    JPATH_SCALAR("address", C, address),
    JPATH_SCALAR("city", C, city),
    JPATH_SCALAR("country", C, country),
    JPATH_SCALAR("company", C, company),
    JPATH_SCALAR("merchant_id", C, merchant_id),
    JPATH_SCALAR("created", C, created),
    JPATH_SCALAR("updated", C, updated),
    JPATH_JSON("custom_attributes", C, custom_attributes_json),
    JPATH_EACH("tags", C, tags, struct b2_contact_tag, contact_tag_rules),
    JPATH_RULES_END,
};
#undef C

#define L struct b2_place
static const struct jpath_rule place_rules[] = {
    JPATH_SCALAR("lat", L, lat),
    JPATH_SCALAR("latitude", L, latitude),
    JPATH_SCALAR("lng", L, lng),
    JPATH_SCALAR("lon", L, lon),
    JPATH_SCALAR("longitude", L, longitude),
    JPATH_RULES_END,
};
#undef L

#define M struct b2_message
static const struct jpath_rule message_rules[] = {
    JPATH_SCALAR("body", M, body),
    JPATH_SCALAR("caption", M, caption),
    JPATH_SCALAR("created_at", M, created_at),
    JPATH_SCALAR("type", M, type),
    JPATH_SCALAR("incoming", M, incoming),
    JPATH_SCALAR("broadcasted", M, broadcasted),
    JPATH_JSON("location", M, location_json),
    JPATH_PART("location", M, place, struct b2_place, place_rules),
    JPATH_RULES_END,
};
#undef M

#define A struct b2_agent
static const struct jpath_rule agent_rules[] = {
    JPATH_SCALAR("username", A, username),
    JPATH_SCALAR("name", A, name),
    JPATH_SCALAR("email", A, email),
    JPATH_RULES_END,
};
#undef A

#define D struct b2_department
static const struct jpath_rule department_rules[] = {
    JPATH_SCALAR("", D, text),
    JPATH_SCALAR("name", D, name),
    JPATH_SCALAR("department_name", D, department_name),
    JPATH_SCALAR("code", D, code),
    JPATH_SCALAR("department_code", D, department_code),
    JPATH_SCALAR("id", D, id),
    JPATH_RULES_END,
};
#undef D

#define P struct b2_poll
static const struct jpath_rule poll_rules[] = {
    JPATH_SCALAR("poll_started_at", P, started_at),
    JPATH_SCALAR("poll_completed_at", P, completed_at),
    JPATH_SCALAR("poll_abandoned_at", P, abandoned_at),
    JPATH_JSON("poll_response", P, response_json),
    JPATH_SCALAR("poll_response.rating", P, rating),
    JPATH_SCALAR("poll_response.score", P, score),
    JPATH_SCALAR("poll_response.satisfaction", P, satisfaction),
    JPATH_SCALAR("poll_response.comment", P, comment),
    JPATH_SCALAR("poll_response.feedback", P, feedback),
    JPATH_SCALAR("poll_response.message", P, message),
    JPATH_RULES_END,
};
#undef P

#define C struct b2_chat
const struct jpath_rule b2_chat_rules[] = {
    JPATH_SCALAR("chat_id", C, chat_id),
    JPATH_SCALAR("provider", C, provider),
    JPATH_SCALAR("status", C, status),
    JPATH_SCALAR("alias", C, alias),
    JPATH_SCALAR("viewer_url", C, viewer_url),
    JPATH_SCALAR("duration", C, duration),
    JPATH_SCALAR("is_agent_available", C, is_agent_available),
    JPATH_SCALAR("created_at", C, created_at),
    JPATH_SCALAR("opened_at", C, opened_at),
    JPATH_SCALAR("picked_up_at", C, picked_up_at),
    JPATH_SCALAR("responded_at", C, responded_at),
    JPATH_SCALAR("response_at", C, response_at),
    JPATH_SCALAR("closed_at", C, closed_at),
    JPATH_PART("agent", C, agent, struct b2_agent, agent_rules),
    JPATH_JSON("contact", C, contact_json),
    JPATH_PART("contact", C, person, struct b2_person, b2_person_rules),
    JPATH_PART("department", C, department, struct b2_department, department_rules),
    JPATH_PART("", C, poll, struct b2_poll, poll_rules),
    JPATH_JSON("tags", C, tags_json),
    JPATH_EACH("messages", C, messages, struct b2_message, message_rules),
    JPATH_RULES_END,
};
#undef C
