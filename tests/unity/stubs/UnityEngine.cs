using System;
using System.Collections.Generic;
using System.Linq;

// What the package uses of UnityEngine, with Unity's names and signatures, and just enough behaviour for the tests of the layer.
namespace UnityEngine
{
    [AttributeUsage(AttributeTargets.Field)]
    public sealed class SerializeField : Attribute
    {
    }

    [AttributeUsage(AttributeTargets.Field, AllowMultiple = true)]
    public class PropertyAttribute : Attribute
    {
    }

    public class TooltipAttribute : PropertyAttribute
    {
        public TooltipAttribute(string tooltip)
        {
        }
    }

    public class HeaderAttribute : PropertyAttribute
    {
        public HeaderAttribute(string header)
        {
        }
    }

    public sealed class TextAreaAttribute : PropertyAttribute
    {
    }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class CreateAssetMenuAttribute : Attribute
    {
        public string menuName { get; set; }

        public string fileName { get; set; }
    }

    public sealed class AddComponentMenu : Attribute
    {
        public AddComponentMenu(string menuName)
        {
        }
    }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class DisallowMultipleComponent : Attribute
    {
    }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class DefaultExecutionOrder : Attribute
    {
        public DefaultExecutionOrder(int order)
        {
            this.order = order;
        }

        public int order { get; }
    }

    public enum RuntimeInitializeLoadType
    {
        AfterSceneLoad,
        BeforeSceneLoad,
        AfterAssembliesLoaded,
        BeforeSplashScreen,
        SubsystemRegistration,
    }

    [AttributeUsage(AttributeTargets.Method)]
    public class RuntimeInitializeOnLoadMethodAttribute : Attribute
    {
        public RuntimeInitializeOnLoadMethodAttribute(RuntimeInitializeLoadType loadType)
        {
        }
    }

    public enum FindObjectsSortMode
    {
        None,
        InstanceID,
    }

    public class Object
    {
        private bool _isDestroyed;

        public string name { get; set; } = "";

        public static implicit operator bool(Object exists)
        {
            return !IsNull(exists);
        }

        public static bool operator ==(Object x, Object y)
        {
            return IsNull(x) ? IsNull(y) : ReferenceEquals(x, y);
        }

        public static bool operator !=(Object x, Object y)
        {
            return !(x == y);
        }

        public static void Destroy(Object obj)
        {
            DestroyImmediate(obj);
        }

        public static void DestroyImmediate(Object obj)
        {
            if (obj == null)
            {
                return;
            }

            if (obj is GameObject thing)
            {
                foreach (Component part in thing.Parts.ToArray())
                {
                    DestroyImmediate(part);
                }

                Engine.Scene.Remove(thing);
                Engine.Kept.Remove(thing);
            }
            else if (obj is Component part)
            {
                part.gameObject.Parts.Remove(part);
                if (part is MonoBehaviour script)
                {
                    script.enabled = false;
                    Engine.Send(script, "OnDestroy");
                }
            }

            obj._isDestroyed = true;
        }

        public static T[] FindObjectsByType<T>(FindObjectsSortMode sortMode)
            where T : Object
        {
            return Engine.Scene.Where(each => each.activeInHierarchy).SelectMany(each => each.Parts).OfType<T>().ToArray();
        }

        public static void DontDestroyOnLoad(Object target)
        {
            Engine.Kept.Add((GameObject)target);
        }

        public override bool Equals(object other)
        {
            return this == other as Object;
        }

        public override int GetHashCode()
        {
            return base.GetHashCode();
        }

        private static bool IsNull(Object obj)
        {
            return ReferenceEquals(obj, null) || obj._isDestroyed;
        }
    }

    public class ScriptableObject : Object
    {
        public static T CreateInstance<T>()
            where T : ScriptableObject
        {
            return Activator.CreateInstance<T>();
        }
    }

    public class Component : Object
    {
        public GameObject gameObject { get; internal set; }

        public Transform transform => gameObject.transform;

        public string tag { get => gameObject.tag; set => gameObject.tag = value; }

        public bool CompareTag(string tag)
        {
            return this.tag == tag;
        }

        public T GetComponent<T>()
        {
            return gameObject.GetComponent<T>();
        }

        public T GetComponentInParent<T>()
        {
            for (Transform place = transform; place != null; place = place.parent)
            {
                T found = place.gameObject.GetComponent<T>();
                if (found != null)
                {
                    return found;
                }
            }

            return default;
        }

        public T GetComponentInChildren<T>()
        {
            T found = GetComponent<T>();
            foreach (GameObject each in Engine.Scene.ToArray())
            {
                if (found == null && each.transform.parent == transform)
                {
                    found = each.transform.GetComponentInChildren<T>();
                }
            }

            return found;
        }
    }

    public class Transform : Component
    {
        public Transform parent { get; private set; }

        public Vector3 position { get; set; }

        public Vector3 localScale { get; set; }

        public void LookAt(Transform target)
        {
        }

        public void SetParent(Transform p)
        {
            parent = p;
        }

        public void SetParent(Transform parent, bool worldPositionStays)
        {
            this.parent = parent;
        }
    }

    public class Behaviour : Component
    {
        private bool _isEnabled = true;

        public bool enabled
        {
            get => _isEnabled;
            set
            {
                bool was = isActiveAndEnabled;
                _isEnabled = value;
                Told(was);
            }
        }

        public bool isActiveAndEnabled => _isEnabled && gameObject.activeInHierarchy;

        internal void Told(bool was)
        {
            if (this is MonoBehaviour script && was != isActiveAndEnabled)
            {
                Engine.Send(script, was ? "OnDisable" : "OnEnable");
            }
        }
    }

    public class MonoBehaviour : Behaviour
    {
    }

    public sealed class GameObject : Object
    {
        internal readonly List<Component> Parts = new List<Component>();

        public GameObject(string name)
        {
            this.name = name;
            transform = new Transform { gameObject = this };
            Parts.Add(transform);
            Engine.Scene.Add(this);
        }

        public Transform transform { get; }

        public string tag { get; set; } = "Untagged";

        public bool activeSelf { get; private set; } = true;

        public bool activeInHierarchy => activeSelf && (transform.parent == null || transform.parent.gameObject.activeInHierarchy);

        public static GameObject CreatePrimitive(PrimitiveType type)
        {
            return new GameObject(type.ToString());
        }

        public static GameObject Find(string name)
        {
            return Engine.Scene.FirstOrDefault(each => each.name == name && each.activeInHierarchy);
        }

        public void SetActive(bool value)
        {
            Behaviour[] parts = Parts.OfType<Behaviour>().ToArray();
            bool[] were = parts.Select(each => each.isActiveAndEnabled).ToArray();
            activeSelf = value;
            for (int i = 0; i < parts.Length; i++)
            {
                parts[i].Told(were[i]);
            }
        }

        public T AddComponent<T>()
            where T : Component
        {
            T part = Activator.CreateInstance<T>();
            part.gameObject = this;
            part.name = name;
            Parts.Add(part);
            if (part is MonoBehaviour script && activeInHierarchy)
            {
                Engine.Send(script, "Awake");
                if (script.isActiveAndEnabled)
                {
                    Engine.Send(script, "OnEnable");
                }
            }

            return part;
        }

        public T GetComponent<T>()
        {
            return Parts.OfType<T>().FirstOrDefault();
        }
    }

    public enum PrimitiveType
    {
        Sphere,
        Capsule,
        Cylinder,
        Cube,
        Plane,
        Quad,
    }

    public static class Debug
    {
        public static void Log(object message)
        {
            Engine.Log.Add("log " + message);
        }

        public static void LogWarning(object message, Object context)
        {
            Engine.Log.Add("warning " + message);
        }

        public static void LogError(object message, Object context)
        {
            Engine.Log.Add("error " + message);
        }
    }

    public static class Time
    {
        public static float deltaTime { get; set; }

        public static float unscaledDeltaTime { get; set; }

        public static double realtimeSinceStartupAsDouble { get; set; } = 100;
    }

    public static class Application
    {
        public static bool isPlaying { get; set; }

        public static string unityVersion => "2022.3.0f1";

        public static string streamingAssetsPath { get; set; } = "StreamingAssets";

        public static string dataPath => "Assets";

        public static string persistentDataPath => "Saves";
    }

    public static class Resources
    {
        public static T Load<T>(string path)
            where T : Object
        {
            return Engine.ResourceFiles.TryGetValue(path, out Object found) ? (T)found : null;
        }
    }

    public struct Vector2
    {
        public float x;
        public float y;

        public Vector2(float x, float y)
        {
            this.x = x;
            this.y = y;
        }

        public static Vector2 zero => default;
    }

    public struct Vector3
    {
        public float x;
        public float y;
        public float z;

        public Vector3(float x, float y, float z)
        {
            this.x = x;
            this.y = y;
            this.z = z;
        }
    }

    public struct Vector2Int
    {
        public Vector2Int(int x, int y)
        {
            this.x = x;
            this.y = y;
        }

        public int x { get; set; }

        public int y { get; set; }
    }

    public struct Vector3Int
    {
        public Vector3Int(int x, int y, int z)
        {
            this.x = x;
            this.y = y;
            this.z = z;
        }

        public int x { get; set; }

        public int y { get; set; }

        public int z { get; set; }
    }

    public struct Color
    {
        public float r;
        public float g;
        public float b;
        public float a;

        public Color(float r, float g, float b, float a = 1)
        {
            this.r = r;
            this.g = g;
            this.b = b;
            this.a = a;
        }
    }

    public static class ColorUtility
    {
        public static string ToHtmlStringRGBA(Color color)
        {
            return string.Concat(new[] { color.r, color.g, color.b, color.a }.Select(each => ((int)Math.Round(each * 255)).ToString("X2")));
        }
    }

    public class Collider : Component
    {
        public bool isTrigger { get; set; }
    }

    public class BoxCollider : Collider
    {
        public Vector3 size { get; set; }
    }

    public class Collision
    {
        public Collider collider { get; set; }
    }

    public class Collider2D : Behaviour
    {
    }

    public class Collision2D
    {
        public Collider2D collider { get; set; }
    }

    public class TextAsset : Object
    {
    }

    public enum AnimatorControllerParameterType
    {
        Float = 1,
        Int = 3,
        Bool = 4,
        Trigger = 9,
    }

    public class AnimatorControllerParameter
    {
        public string name { get; set; }

        public AnimatorControllerParameterType type { get; set; }
    }

    public class AnimationClip : Object
    {
        public float length { get; set; }

        public bool isLooping { get; set; }
    }

    public class RuntimeAnimatorController : Object
    {
        public AnimationClip[] animationClips { get; set; } = new AnimationClip[0];
    }

    public class Animator : Behaviour
    {
        // For the tests: what the controller has, and what was asked of the animator.
        public readonly List<string> StateNames = new List<string>();
        public readonly List<string> Asked = new List<string>();

        public RuntimeAnimatorController runtimeAnimatorController { get; set; }

        public AnimatorControllerParameter[] parameters { get; set; } = new AnimatorControllerParameter[0];

        public int layerCount => 1;

        public static int StringToHash(string name)
        {
            return name.Aggregate(17, (hash, letter) => unchecked((hash * 31) + letter));
        }

        public bool HasState(int layerIndex, int stateID)
        {
            return StateNames.Exists(each => StringToHash(each) == stateID);
        }

        public void SetTrigger(string name)
        {
            Asked.Add("trigger " + name);
        }

        public void ResetTrigger(string name)
        {
            Asked.Add("no trigger " + name);
        }

        public void CrossFadeInFixedTime(int stateHashName, float fixedTransitionDuration, int layer)
        {
            Asked.Add("state " + StateNames.Find(each => StringToHash(each) == stateHashName));
        }
    }
}

namespace UnityEngine.Events
{
    public delegate void UnityAction();

    public delegate void UnityAction<T0>(T0 arg0);

    public delegate void UnityAction<T0, T1>(T0 arg0, T1 arg1);

    public abstract class UnityEventBase
    {
    }

    [Serializable]
    public class UnityEvent : UnityEventBase
    {
        private UnityAction _calls;

        public void AddListener(UnityAction call)
        {
            _calls += call;
        }

        public void Invoke()
        {
            _calls?.Invoke();
        }
    }

    [Serializable]
    public class UnityEvent<T0> : UnityEventBase
    {
        private UnityAction<T0> _calls;

        public void AddListener(UnityAction<T0> call)
        {
            _calls += call;
        }

        public void Invoke(T0 arg0)
        {
            _calls?.Invoke(arg0);
        }
    }

    [Serializable]
    public class UnityEvent<T0, T1> : UnityEventBase
    {
        private UnityAction<T0, T1> _calls;

        public void AddListener(UnityAction<T0, T1> call)
        {
            _calls += call;
        }

        public void Invoke(T0 arg0, T1 arg1)
        {
            _calls?.Invoke(arg0, arg1);
        }
    }
}
