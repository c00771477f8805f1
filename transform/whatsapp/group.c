/* Fields about groups: what is kept of them is the subject, and who takes part:
 * reference/whatsapp.md 5.7. */
#include "transform/whatsapp/fields.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct str group_path = {"value.groups", 12};

/* Of a new group, or a new one that was taken; STR_NULL: neither. */
static struct str subject_of(const struct wa_group *group)
{
    struct str changed = wa_text(group->new_subject);
    if (str_is_null(changed))
        return wa_text(group->subject);
    return str_is(group->is_new_subject_taken, "false") ? STR_NULL : changed;
}

static enum rc take_subject(struct wa_scope *scope, const struct wa_group *group,
                            struct str subject, int64_t at, struct err *err)
{
    if (str_is_null(wa_text(group->id)))
        return wa_item_reject(scope, REJECT_MISSING_MEMBER, group_path, &group->element, "group_id",
                              "expected the group's id", err);
    struct wa_thread *thread = wa_thread_of_group(scope, group->id, at);
    if (thread == NULL)
        return wa_no_memory(err);
    if (at >= thread->topic_at) {
        thread->topic = subject;
        thread->topic_at = at;
    }
    return RC_OK;
}

/* Their identifiers, told together, link number and BSUID. */
static enum rc take_participants(struct wa_scope *scope, const struct jpath_list *participants,
                                 int64_t at, struct err *err)
{
    for (struct jpath_element *e = participants->first; e != NULL; e = e->next) {
        struct wa_contact *contact = (void *)e;
        const struct str texts[] = {contact->wa_id, contact->user_id, contact->parent_id,
                                    contact->input};
        struct wa_party party = {0};
        if (!wa_party_add_all(scope, &party, texts, COUNT(texts)))
            return wa_no_memory(err);
        if (str_is_null(wa_party_key(&party)))
            continue;
        struct wa_person *person = wa_person_of(scope, &party);
        if (person == NULL)
            return wa_no_memory(err);
        contact->is_partial = true;
        wa_person_see(person, contact, at);
    }
    return RC_OK;
}

static enum rc take_group(struct wa_scope *scope, const struct wa_group *group, struct err *err)
{
    struct str subject = subject_of(group);
    if (str_is_null(subject) && group->added.count == 0 && group->removed.count == 0) {
        scope->out->counts.ignored++;
        return RC_OK;
    }
    struct wa_item item = {0};
    enum rc rc =
        wa_item_time(scope, group_path, &group->element, "timestamp", group->timestamp, &item, err);
    if (rc != RC_OK || !item.usable)
        return rc;
    if (!str_is_null(subject))
        rc = take_subject(scope, group, subject, item.at, err);
    if (rc == RC_OK)
        rc = take_participants(scope, &group->added, item.at, err);
    return rc == RC_OK ? take_participants(scope, &group->removed, item.at, err) : rc;
}

static size_t count_participants(const struct wa_items *groups)
{
    size_t count = 0;
    for (const struct jpath_element *e = groups->list.first; e != NULL; e = e->next) {
        const struct wa_group *group = (const void *)e;
        count += group->added.count + group->removed.count;
    }
    return count;
}

enum rc wa_take_groups(struct wa_scope *scope, struct err *err)
{
    const struct wa_items *groups = scope->value->groups;
    enum rc rc;
    if (!wa_field_begin(scope, groups, "value.groups", &rc, err))
        return rc;
    rc = wa_people_begin(scope, count_participants(groups), groups->list.count, err);
    for (struct jpath_element *e = groups->list.first; e != NULL && rc == RC_OK; e = e->next)
        rc = take_group(scope, (void *)e, err);
    return rc == RC_OK ? wa_scope_emit(scope, err) : rc;
}
