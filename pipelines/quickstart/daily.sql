-- The day's analytics of the sample tenant, as a BI tool would read them.
\set QUIET on
SET ROLE sluice_admin;
SET app.user_role = 'master_admin';
SELECT d.date, COALESCE(d.channel, 'all') AS channel,
       d.total_conversations AS conversations, d.new_conversations AS new, d.resolved_conversations AS resolved,
       d.abandoned_conversations AS abandoned, d.outreach_conversations AS outreach,
       d.total_messages AS messages, d.user_messages AS "from contacts", d.human_agent_messages AS "from agents",
       d.broadcast_messages AS broadcast, d.avg_response_time AS "response s",
       d.avg_first_response_time AS "first response s", d.avg_conversation_duration AS "duration s"
FROM etl.daily_analytics d
JOIN etl.tenants t ON t.id = d.tenant_id
WHERE t.slug = 'acme' AND d.agent_id IS NULL AND d.date BETWEEN DATE '2026-03-02' AND DATE '2026-03-03'
ORDER BY d.date, d.channel NULLS FIRST;
