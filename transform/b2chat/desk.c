/* Agents and departments: they are known only from the chats that name them. */
#include "transform/b2chat/scope.h"

/* B2Chat's own number, which only console exports give. */
static struct str agent_attributes(struct b2_scope *scope)
{
    struct json_writer *json = scope->emitter->json;
    json_writer_reset(json);
    json_writer_open(json, false);
    json_member_text(json, "b2chat_agent_id", b2_text(scope->chat->agent.id));
    return b2_object(scope->emitter);
}

enum rc b2_agent_emit(struct b2_scope *scope, struct err *err)
{
    const struct b2_agent *agent = &scope->chat->agent;
    struct record record;
    if (str_is_null(scope->agent.key))
        return RC_OK;
    map_out_begin(scope->emitter->out, RECORD_AGENT, &scope->emitter->account.channel_id, &record);
    record.id = scope->agent.id;
    record.external_id = scope->agent.key;
    record.agent.profile_as_of = scope->emitter->as_of;
    record.agent.agent_kind = STR_LIT("human");
    record.agent.email = b2_text(agent->email);
    record.agent.username = b2_text(agent->username);
    record.agent.name = b2_first(agent->name, scope->agent.key); /* a column that is never empty */
    record.agent.attributes = agent_attributes(scope);
    return map_out_record(scope->emitter->out, &record, err);
}

static struct str department_name(const struct b2_scope *scope)
{
    const struct b2_department *department = &scope->chat->department;
    struct str name = b2_first(department->name, department->department_name);
    return b2_first(b2_first(department->text, name), scope->department.key);
}

/* B2Chat's departments are flat. */
enum rc b2_department_emit(struct b2_scope *scope, struct err *err)
{
    struct record record;
    if (str_is_null(scope->department.key))
        return RC_OK;
    map_out_begin(scope->emitter->out, RECORD_DEPARTMENT, &scope->emitter->account.channel_id,
                  &record);
    record.id = scope->department.id;
    record.external_id = scope->department.key;
    record.department.profile_as_of = scope->emitter->as_of;
    record.department.name = department_name(scope);
    record.department.path =
        arena_join(scope->emitter->out->arena,
                   (struct str[]){STR_LIT("/"), record.department.name, STR_LIT("/")}, 3);
    record.department.level = 0;
    record.department.is_leaf = true;
    if (str_is_null(record.department.path))
        return b2_no_memory(err);
    return map_out_record(scope->emitter->out, &record, err);
}
