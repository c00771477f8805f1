/* statement.c: see statement.h. In every statement t is the stored row and s the staged one. */
#include "loaders/statement.h"

static const char *staged_type(enum cell_type type)
{
    switch (type) {
    case CELL_UUID:
        return "uuid";
    case CELL_JSON:
        return "jsonb";
    case CELL_BYTES:
        return "bytea";
    case CELL_TIME:
        return "timestamptz";
    case CELL_INT:
        return "bigint";
    case CELL_BOOL:
    case CELL_TRISTATE:
        return "boolean";
    case CELL_TEXT_LIST:
        return "text[]";
    default:
        return "text";
    }
}

/* "a, b, c": each staged column of the table. */
static void put_names(const struct table *table, struct buf *sql)
{
    const char *separator = "";
    for (const struct column *c = table->columns; c->name != NULL; c++) {
        if (!column_is_staged(c))
            continue;
        (void)buf_printf(sql, "%s%s", separator, c->name);
        separator = ", ";
    }
}

void statement_stage(const struct table *table, struct buf *sql)
{
    const char *separator = "";
    (void)buf_printf(sql, "CREATE TEMPORARY TABLE stage_%s (", table->name);
    for (const struct column *c = table->columns; c->name != NULL; c++) {
        if (!column_is_staged(c))
            continue;
        (void)buf_printf(sql, "%s%s %s", separator, c->name, staged_type(c->type));
        separator = ", ";
    }
    (void)buf_add_text(sql, ") ON COMMIT DELETE ROWS");
}

void statement_copy(const struct table *table, struct buf *sql)
{
    (void)buf_printf(sql, "COPY stage_%s (", table->name);
    put_names(table, sql);
    (void)buf_add_text(sql, ") FROM STDIN (FORMAT binary)");
}

/* The staged value as the target column takes it. */
static void put_value(const struct column *column, struct buf *sql)
{
    bool cast = column->type == CELL_INT || column->type == CELL_DECIMAL;
    if (column->fallback != NULL)
        (void)buf_add_text(sql, "COALESCE(");
    (void)buf_printf(sql, "s.%s%s%s", column->name, cast ? "::" : "", cast ? column->sql_type : "");
    if (column->fallback != NULL)
        (void)buf_printf(sql, ", %s)", column->fallback);
}

static void put_same_key(const struct table *table, const char *stored, struct buf *sql)
{
    for (size_t i = 0; i < table->key_count; i++)
        (void)buf_printf(sql, "%s%s.%s = s.%s", i > 0 ? " AND " : "", stored,
                         table->columns[i].name, table->columns[i].name);
}

/* WITH changed AS (<statement> RETURNING ...) INSERT INTO touched ...; nothing for tables that
 * nobody else must hear of. */
static void open_touched(const struct table *table, struct buf *sql)
{
    if (table->touch.source != NULL)
        (void)buf_add_text(sql, "WITH changed AS (");
}

static void close_touched(const struct table *table, const char *before, struct buf *sql)
{
    const struct table_touch *touch = &table->touch;
    if (touch->source == NULL)
        return;
    (void)buf_printf(sql,
                     " RETURNING %s AS conversation_id, %s AS message_id, %s AS direction,"
                     " %s AS at, %s AS before)"
                     " INSERT INTO touched (source, conversation_id, message_id, direction, at,"
                     " before) SELECT '%s', conversation_id, message_id, direction, at, before"
                     " FROM changed",
                     touch->conversation, touch->message != NULL ? touch->message : "NULL::uuid",
                     touch->direction != NULL ? touch->direction : "NULL::text",
                     touch->day_of != NULL ? touch->day_of : "NULL::timestamptz", before,
                     touch->source);
}

void statement_insert(const struct table *table, struct buf *sql)
{
    const char *separator = "";
    open_touched(table, sql);
    (void)buf_printf(sql, "INSERT INTO etl.%s AS t (", table->name);
    put_names(table, sql);
    (void)buf_add_text(sql, ") SELECT ");
    for (const struct column *c = table->columns; c->name != NULL; c++) {
        if (!column_is_staged(c))
            continue;
        (void)buf_add_text(sql, separator);
        put_value(c, sql);
        separator = ", ";
    }
    (void)buf_printf(sql, " FROM stage_%s s WHERE NOT EXISTS (SELECT FROM etl.%s o WHERE ",
                     table->name, table->name);
    put_same_key(table, "o", sql);
    (void)buf_add_text(sql, ")");
    if (table->insert_where != NULL)
        (void)buf_printf(sql, " AND %s", table->insert_where);
    if (table->contended)
        (void)buf_add_text(sql, " ON CONFLICT DO NOTHING");
    close_touched(table, "NULL::timestamptz", sql);
}

void statement_twins(const struct table *messages, struct buf *sql)
{
    (void)buf_printf(sql, "INSERT INTO stage_%s (", messages->name);
    put_names(messages, sql);
    (void)buf_add_text(sql, ") SELECT w.to_conversation_id");
    for (const struct column *c = messages->columns + 1; c->name != NULL; c++)
        if (column_is_staged(c))
            (void)buf_printf(sql, ", m.%s", c->name);
    (void)buf_printf(sql,
                     " FROM twins w JOIN etl.%s m"
                     " ON m.conversation_id = w.from_conversation_id AND m.id = w.id",
                     messages->name);
}

/* ---- update ---- */

/* Equal keys: the texts of the group decide, as texts_win does in memory. */
static void put_texts(const struct table *table, char group, const char *row, struct buf *sql)
{
    const char *separator = "";
    (void)buf_add_text(sql, "ROW(");
    for (const struct column *c = table->columns; c->name != NULL; c++) {
        if (!column_breaks_tie(c, group))
            continue;
        (void)buf_printf(sql, "%sCOALESCE(%s.%s, '') COLLATE \"C\"", separator, row, c->name);
        separator = ", ";
    }
    (void)buf_add_text(sql, ")");
}

/* True when the staged side of the group wins. NULL counts as not true, wherever this stands. */
static void put_group_wins(const struct table *table, const struct table_group *group,
                           struct buf *sql)
{
    const char *key = table->columns[group->key].name;
    (void)buf_printf(sql, "(s.%s %c t.%s OR (t.%s IS NULL AND s.%s IS NOT NULL)", key,
                     group->smaller ? '<' : '>', key, key, key);
    if (group->tie_text) {
        (void)buf_printf(sql, " OR (s.%s = t.%s AND ", key, key);
        put_texts(table, group->name, "s", sql);
        (void)buf_add_text(sql, " < ");
        put_texts(table, group->name, "t", sql);
        (void)buf_add_text(sql, ")");
    }
    (void)buf_add_text(sql, ")");
}

/* A snapshot as of a later time than the deletion: versions begin with their time, microseconds,
 * big endian (canonical-model 6.1, 6.2). */
static void put_revived(const struct table *table, struct buf *sql)
{
    (void)buf_add_text(sql, "(t.deleted_at IS NOT NULL AND t.deletion_reason IS DISTINCT FROM"
                            " 'erasure' AND substring(GREATEST(");
    for (size_t i = 0; i < table->group_count; i++)
        (void)buf_printf(sql, "%ss.%s", i > 0 ? ", " : "",
                         table->columns[table->groups[i].key].name);
    (void)buf_add_text(sql, ") FROM 1 FOR 8) >"
                            " int8send((EXTRACT(epoch FROM t.deleted_at) * 1000000)::bigint))");
}

/* LEAST and GREATEST ignore NULL in PostgreSQL. Texts by bytes, as in memory. */
static void put_monotone(const struct column *column, struct buf *sql)
{
    bool smallest = column->rule == RULE_MIN || column->rule == RULE_FIRST_SEEN;
    (void)buf_printf(sql, "%s(t.%s, s.%s%s)", smallest ? "LEAST" : "GREATEST", column->name,
                     column->name, column->type == CELL_TEXT ? " COLLATE \"C\"" : "");
}

static void put_new_value(const struct table *table, const struct column *column, struct buf *sql)
{
    switch (column->rule) {
    case RULE_GROUP:
    case RULE_GROUP_KEY:
        (void)buf_add_text(sql, "CASE WHEN ");
        put_group_wins(table, table_group(table, column->group), sql);
        (void)buf_add_text(sql, " THEN ");
        put_value(column, sql);
        (void)buf_printf(sql, " ELSE t.%s END", column->name);
        break;
    case RULE_OR:
    case RULE_AND:
        (void)buf_printf(sql, "t.%s %s ", column->name, column->rule == RULE_OR ? "OR" : "AND");
        put_value(column, sql);
        break;
    case RULE_CHANGES:
        (void)buf_printf(sql, "t.%s + 1", column->name);
        break;
    case RULE_TOMBSTONE:
        (void)buf_add_text(sql, "CASE WHEN ");
        put_revived(table, sql);
        (void)buf_printf(sql, " THEN NULL ELSE t.%s END", column->name);
        break;
    default:
        put_monotone(column, sql);
        break;
    }
}

static bool is_updated(const struct column *column)
{
    return column->rule != RULE_KEY && column->rule != RULE_FIXED;
}

/* What makes an update worth writing; without one of these a replay would rewrite every row. */
static void put_guard(const struct table *table, struct buf *sql)
{
    const char *separator = "";
    for (size_t i = 0; i < table->group_count; i++) {
        (void)buf_add_text(sql, separator);
        put_group_wins(table, &table->groups[i], sql);
        separator = " OR ";
    }
    bool tombstone = false;
    for (const struct column *c = table->columns; c->name != NULL; c++) {
        tombstone = tombstone || c->rule == RULE_TOMBSTONE;
        if (c->rule == RULE_OR || c->rule == RULE_AND)
            (void)buf_printf(sql, "%s%ss.%s AND %st.%s", separator,
                             c->rule == RULE_AND ? "NOT " : "", c->name,
                             c->rule == RULE_OR ? "NOT " : "", c->name);
        else if (c->rule == RULE_MIN || c->rule == RULE_MAX) {
            (void)buf_add_text(sql, separator);
            put_monotone(c, sql);
            (void)buf_printf(sql, " IS DISTINCT FROM t.%s", c->name);
        } else
            continue;
        separator = " OR ";
    }
    if (tombstone) {
        (void)buf_add_text(sql, separator);
        put_revived(table, sql);
    }
}

/* The value before the change: a sub-select sees the statement's snapshot, that is the old row. */
static void put_before(const struct table *table, struct buf *before)
{
    if (table->touch.day_of == NULL) {
        (void)buf_add_text(before, "NULL::timestamptz");
        return;
    }
    (void)buf_printf(before, "(SELECT o.%s FROM etl.%s o WHERE ", table->touch.day_of + 2,
                     table->name);
    for (size_t i = 0; i < table->key_count; i++)
        (void)buf_printf(before, "%so.%s = t.%s", i > 0 ? " AND " : "", table->columns[i].name,
                         table->columns[i].name);
    (void)buf_add_text(before, ")");
}

void statement_update(const struct table *table, struct buf *sql)
{
    const char *separator = "";
    open_touched(table, sql);
    (void)buf_printf(sql, "UPDATE etl.%s t SET ", table->name);
    for (const struct column *c = table->columns; c->name != NULL; c++) {
        if (!is_updated(c))
            continue;
        (void)buf_printf(sql, "%s%s = ", separator, c->name);
        put_new_value(table, c, sql);
        separator = ", ";
    }
    (void)buf_printf(sql, " FROM stage_%s s WHERE ", table->name);
    put_same_key(table, "t", sql);
    (void)buf_add_text(sql, " AND (");
    put_guard(table, sql);
    (void)buf_add_text(sql, ")");

    struct buf before;
    buf_init(&before, sql->max);
    put_before(table, &before);
    (void)buf_add(&before, "", 1); /* NUL */
    close_touched(table, before.p, sql);
    buf_done(&before);
}
