using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using UnityEngine;
using Object = UnityEngine.Object;

/// <summary>Plays Unity's part in the tests: what there is, frames, and the order of a component's life.</summary>
public static class Engine
{
    private const BindingFlags Members = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public;

    public static readonly List<GameObject> Scene = new List<GameObject>();
    public static readonly List<string> Log = new List<string>();
    public static readonly Dictionary<string, Object> ResourceFiles = new Dictionary<string, Object>();
    public static readonly List<GameObject> Kept = new List<GameObject>();

    private static readonly HashSet<MonoBehaviour> Started = new HashSet<MonoBehaviour>();

    /// <summary>Begin a play mode without a domain reload: objects are gone, statics are not.</summary>
    public static void EnterPlayMode(params Type[] withStatics)
    {
        foreach (GameObject each in Scene.ToArray())
        {
            Object.DestroyImmediate(each);
        }

        Scene.Clear();
        Kept.Clear();
        Log.Clear();
        Started.Clear();
        ResourceFiles.Clear();
        Application.isPlaying = true;
        foreach (MethodInfo method in withStatics.SelectMany(each => each.GetMethods(BindingFlags.Static | Members)))
        {
            if (method.GetCustomAttribute<RuntimeInitializeOnLoadMethodAttribute>() != null)
            {
                method.Invoke(null, null);
            }
        }
    }

    /// <summary>One frame of this many seconds; 1/60 by default. Time may also stand still for the game, but not for the clock.</summary>
    public static void Frame(float seconds = 1f / 60, float scale = 1f)
    {
        Time.unscaledDeltaTime = seconds;
        Time.deltaTime = seconds * scale;
        Time.realtimeSinceStartupAsDouble += seconds;
        MonoBehaviour[] all = Scene.SelectMany(each => each.Parts).OfType<MonoBehaviour>().Where(each => each.isActiveAndEnabled).ToArray();
        foreach (MonoBehaviour each in all)
        {
            if (each != null && each.isActiveAndEnabled && Started.Add(each))
            {
                Send(each, "Start");
            }
        }

        foreach (MonoBehaviour each in all.OrderBy(OrderOf))
        {
            if (each != null && each.isActiveAndEnabled)
            {
                Send(each, "Update");
            }
        }
    }

    public static void Frames(int count)
    {
        for (int i = 0; i < count; i++)
        {
            Frame();
        }
    }

    public static void Quit()
    {
        foreach (MonoBehaviour each in Scene.SelectMany(each => each.Parts).OfType<MonoBehaviour>().ToArray())
        {
            Send(each, "OnApplicationQuit");
        }

        foreach (GameObject each in Scene.ToArray())
        {
            Object.DestroyImmediate(each);
        }
    }

    /// <summary>Change to another scene: all goes but what was kept.</summary>
    public static void ChangeScene()
    {
        foreach (GameObject each in Scene.Where(each => !Kept.Contains(each)).ToArray())
        {
            Object.DestroyImmediate(each);
        }
    }

    /// <summary>Call one of the methods that Unity finds by their names, if the component has it.</summary>
    public static void Send(MonoBehaviour target, string message, params object[] arguments)
    {
        if (!Application.isPlaying)
        {
            return;  // in edit mode components sleep
        }

        MethodInfo method = target.GetType().GetMethods(Members).FirstOrDefault(
            each => each.Name == message && each.GetParameters().Length == arguments.Length && each.DeclaringType != typeof(MonoBehaviour));
        try
        {
            method?.Invoke(target, arguments);
        }
        catch (TargetInvocationException error)
        {
            throw new InvalidOperationException(target.GetType().Name + "." + message + ": " + error.InnerException, error.InnerException);
        }
    }

    /// <summary>Set a field that only the inspector sets.</summary>
    public static void Inspect(Object target, string field, object value)
    {
        FieldInfo found = target.GetType().GetField(field, Members);
        if (found == null || (!found.IsPublic && found.GetCustomAttribute<SerializeField>() == null))
        {
            throw new ArgumentException(target.GetType().Name + " has no field '" + field + "' in the inspector");
        }

        found.SetValue(target, value);
    }

    /// <summary>What the inspector would show in a field.</summary>
    public static T Inspected<T>(Object target, string field)
    {
        return (T)target.GetType().GetField(field, Members).GetValue(target);
    }

    private static int OrderOf(MonoBehaviour each)
    {
        return each.GetType().GetCustomAttribute<DefaultExecutionOrder>()?.order ?? 0;
    }
}
