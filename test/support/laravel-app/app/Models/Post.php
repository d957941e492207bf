<?php

namespace App\Models;

use Illuminate\Database\Eloquent\BroadcastsEvents;
use Illuminate\Database\Eloquent\Model;

class Post extends Model
{
    use BroadcastsEvents;

    public $timestamps = false;

    protected $fillable = ['title'];
}
