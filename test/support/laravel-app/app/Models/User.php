<?php

namespace App\Models;

use Illuminate\Foundation\Auth\User as Authenticatable;
use Illuminate\Notifications\Notifiable;
use Laravel\Sanctum\HasApiTokens;

/**
 * @property int $id
 * @property string $name
 */
class User extends Authenticatable
{
    use HasApiTokens, Notifiable;

    public $timestamps = false;
}
