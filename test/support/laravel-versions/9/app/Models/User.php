<?php

namespace App\Models;

use Illuminate\Foundation\Auth\User as Authenticatable;
use Illuminate\Notifications\Notifiable;

/**
 * @property int $id
 * @property string $name
 */
class User extends Authenticatable
{
    use Notifiable;

    public $timestamps = false;
}
