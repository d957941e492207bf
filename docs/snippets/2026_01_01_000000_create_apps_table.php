<?php

use Illuminate\Database\Migrations\Migration;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Schema;

return new class extends Migration
{
    public function up(): void
    {
        Schema::create('apps', function (Blueprint $table) {
            $table->string('id', 64)->primary();
            $table->string('key', 64)->unique();
            $table->string('secret', 200);
            $table->string('previous_secret', 200)->nullable();
            $table->string('name', 200)->nullable();
            $table->boolean('enabled')->default(true);
            $table->integer('max_connections')->default(-1);
            $table->jsonb('allowed_origins')->default('["*"]');
            $table->boolean('enable_client_messages')->default(false);
            $table->boolean('enable_user_authentication')->default(false);
            $table->boolean('subscription_count')->default(false);
            $table->jsonb('webhooks')->default('[]');
            $table->jsonb('laravel')->nullable();
            $table->jsonb('limits')->nullable();
            $table->timestamps();
        });

        DB::unprepared(<<<'SQL'
            CREATE OR REPLACE FUNCTION resound_notify() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              PERFORM pg_notify('resound_' || TG_TABLE_NAME, '');
              RETURN NULL;
            END
            $$;

            CREATE TRIGGER resound_notify
              AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON apps
              FOR EACH STATEMENT EXECUTE FUNCTION resound_notify();
            SQL);
    }

    public function down(): void
    {
        Schema::dropIfExists('apps');
        DB::unprepared('DROP FUNCTION IF EXISTS resound_notify()');
    }
};
