/* fields.h: what is made of a change, by its field: the functions of the routing table (webhook.c).
 *
 * Each is given a scope whose change has an object as its value, and emits the change's records and
 * rejects. What carries no traffic is counted as ignored.
 * Source:  reference/whatsapp.md 1.8, 2, 3 and 5.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_WHATSAPP_FIELDS_H
#define SLUICE_TRANSFORM_WHATSAPP_FIELDS_H

#include "transform/whatsapp/scope.h"

/* Messages, with their contacts and statuses: traffic.c. */
enum rc wa_take_messages(struct wa_scope *scope, struct err *err) MUST_USE;
enum rc wa_take_echoes(struct wa_scope *scope, struct err *err) MUST_USE;
enum rc wa_take_standby(struct wa_scope *scope, struct err *err) MUST_USE;
/* Chats of before a number came to the Cloud API: history.c. */
enum rc wa_take_history(struct wa_scope *scope, struct err *err) MUST_USE;
/* Contacts: address_book.c. */
enum rc wa_take_address_book(struct wa_scope *scope, struct err *err) MUST_USE;
enum rc wa_take_id_updates(struct wa_scope *scope, struct err *err) MUST_USE;
/* Events of a conversation: notice.c. */
enum rc wa_take_preferences(struct wa_scope *scope, struct err *err) MUST_USE;
enum rc wa_take_handover(struct wa_scope *scope, struct err *err) MUST_USE;
/* Calls and their statuses: call.c. */
enum rc wa_take_calls(struct wa_scope *scope, struct err *err) MUST_USE;
/* Subjects and participants: group.c. */
enum rc wa_take_groups(struct wa_scope *scope, struct err *err) MUST_USE;

/* ---- what they share: traffic.c ---- */

/* The account of that id becomes the scope's; false: it is not the tenant's. */
bool wa_field_account(struct wa_scope *scope, struct str account);
/* Rejects the change for that, or for the lack of an id, at the member given. */
enum rc wa_reject_account(struct wa_scope *scope, struct str account, const char *member,
                          struct err *err) MUST_USE;
/* Looks at the account of the change and at the array a field is about ("value.calls"): false when
 * one of them is missing or unusable, which has then been rejected with *rc_out. */
bool wa_field_begin(struct wa_scope *scope, const struct wa_items *items, const char *member,
                    enum rc *rc_out, struct err *err);

#endif
