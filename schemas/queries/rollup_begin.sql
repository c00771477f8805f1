-- $1 tenant. The plans must stay index lookups on tables that were just filled and have no statistics yet.
SELECT set_config('app.current_tenant_id', $1, true),
       set_config('app.user_role', 'loader', true),
       set_config('enable_seqscan', 'off', true),
       set_config('work_mem', '64MB', true),
       set_config('jit', 'off', true)
